//! Matrices of floating-point numbers, row by row.

use std::ops::{Add, Index, IndexMut};

#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Matrix { rows, columns, values: vec![0.0; rows * columns] }
    }

    pub fn identity(size: usize) -> Self {
        let mut matrix = Matrix::zeros(size, size);
        for index in 0..size {
            matrix[(index, index)] = 1.0;
        }
        matrix
    }

    /// None if the rows are not equally long.
    pub fn from_rows(rows: &[Vec<f64>]) -> Option<Self> {
        let columns = rows.first().map_or(0, |row| row.len());
        if rows.iter().any(|row| row.len() != columns) {
            return None;
        }
        let values = rows.iter().flatten().copied().collect();
        Some(Matrix { rows: rows.len(), columns, values })
    }

    pub fn transpose(&self) -> Self {
        let mut result = Matrix::zeros(self.columns, self.rows);
        for row in 0..self.rows {
            for column in 0..self.columns {
                result[(column, row)] = self[(row, column)];
            }
        }
        result
    }

    /// None if the shapes do not fit.
    pub fn multiply(&self, other: &Matrix) -> Option<Self> {
        if self.columns != other.rows {
            return None;
        }
        let mut result = Matrix::zeros(self.rows, other.columns);
        for row in 0..self.rows {
            for column in 0..other.columns {
                let mut sum = 0.0;
                for index in 0..self.columns {
                    sum += self[(row, index)] * other[(index, column)];
                }
                result[(row, column)] = sum;
            }
        }
        Some(result)
    }

    pub fn power(&self, exponent: u32) -> Option<Self> {
        let mut result = Matrix::identity(self.rows);
        for _ in 0..exponent {
            result = result.multiply(self)?;
        }
        Some(result)
    }
}

impl Index<(usize, usize)> for Matrix {
    type Output = f64;

    fn index(&self, (row, column): (usize, usize)) -> &f64 {
        &self.values[row * self.columns + column]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut f64 {
        &mut self.values[row * self.columns + column]
    }
}

impl Add for &Matrix {
    type Output = Matrix;

    fn add(self, other: &Matrix) -> Matrix {
        let values = self.values.iter().zip(&other.values).map(|(left, right)| left + right).collect();
        Matrix { rows: self.rows, columns: self.columns, values }
    }
}
