#[path = "matrix.rs"]
mod matrix;
use matrix::Matrix;

fn matrix(rows: &[&[f64]]) -> Matrix {
    let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.to_vec()).collect();
    Matrix::from_rows(&rows).unwrap()
}

#[test]
fn from_rows() {
    assert_eq!(matrix(&[&[1.0, 2.0], &[3.0, 4.0]])[(1, 0)], 3.0);
    assert_eq!(Matrix::from_rows(&[vec![1.0], vec![]]), None);
}

#[test]
fn identity() {
    assert_eq!(Matrix::identity(2), matrix(&[&[1.0, 0.0], &[0.0, 1.0]]));
}

#[test]
fn transpose() {
    assert_eq!(matrix(&[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]]).transpose(), matrix(&[&[1.0, 4.0], &[2.0, 5.0], &[3.0, 6.0]]));
}

#[test]
fn multiply() {
    let left = matrix(&[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]]);
    let right = matrix(&[&[1.0, 0.0], &[0.0, 1.0], &[2.0, 2.0]]);
    assert_eq!(left.multiply(&right), Some(matrix(&[&[7.0, 8.0], &[16.0, 17.0]])));
    assert_eq!(left.multiply(&left), None);
}

#[test]
fn power() {
    let step = matrix(&[&[1.0, 1.0], &[1.0, 0.0]]);
    assert_eq!(step.power(6).unwrap()[(0, 1)], 8.0);
    assert_eq!(step.power(0), Some(Matrix::identity(2)));
}

#[test]
fn add() {
    assert_eq!(&matrix(&[&[1.0, 2.0]]) + &matrix(&[&[10.0, 20.0]]), matrix(&[&[11.0, 22.0]]));
}
