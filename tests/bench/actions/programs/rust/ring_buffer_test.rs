#[path = "ring_buffer.rs"]
mod ring_buffer;
use ring_buffer::RingBuffer;

fn filled(numbers: &[i32]) -> RingBuffer<i32> {
    let mut buffer = RingBuffer::new(3);
    for &number in numbers {
        buffer.push(number);
    }
    buffer
}

#[test]
fn push_returns_the_oldest() {
    let mut buffer = filled(&[1, 2]);
    assert_eq!(buffer.push(3), None);
    assert_eq!(buffer.push(4), Some(1));
    assert_eq!(buffer.to_vec(), [2, 3, 4]);
}

#[test]
fn pop_takes_in_order() {
    let mut buffer = filled(&[1, 2, 3, 4]);
    assert_eq!([buffer.pop(), buffer.pop(), buffer.pop(), buffer.pop()], [Some(2), Some(3), Some(4), None]);
    assert_eq!(buffer.len(), 0);
}

#[test]
fn push_after_pop() {
    let mut buffer = filled(&[1, 2, 3]);
    buffer.pop();
    assert!(!buffer.is_full());
    assert_eq!(buffer.push(4), None);
    assert_eq!(buffer.to_vec(), [2, 3, 4]);
}

#[test]
fn get_counts_from_the_oldest() {
    let buffer = filled(&[1, 2, 3, 4, 5]);
    assert_eq!((buffer.get(0), buffer.get(2), buffer.get(3)), (Some(&3), Some(&5), None));
}

#[test]
fn display() {
    assert_eq!(filled(&[1, 2]).to_string(), "[1, 2]");
}
