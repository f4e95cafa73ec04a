//! A queue of fixed size: what is new pushes out what is oldest.

use std::fmt;

pub struct RingBuffer<T> {
    slots: Vec<Option<T>>,
    start: usize,
    length: usize,
}

impl<T: Clone> RingBuffer<T> {
    pub fn new(capacity: usize) -> Self {
        RingBuffer { slots: vec![None; capacity], start: 0, length: 0 }
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_full(&self) -> bool {
        self.length == self.slots.len()
    }

    /// Appends an item and returns the one that had to go.
    pub fn push(&mut self, item: T) -> Option<T> {
        let capacity = self.slots.len();
        if self.is_full() {
            let oldest = self.slots[self.start].replace(item);
            self.start = (self.start + 1) % capacity;
            return oldest;
        }
        let end = (self.start + self.length) % capacity;
        self.slots[end] = Some(item);
        self.length += 1;
        None
    }

    /// Takes the oldest item.
    pub fn pop(&mut self) -> Option<T> {
        if self.length == 0 {
            return None;
        }
        let item = self.slots[self.start].take();
        self.start = (self.start + 1) % self.slots.len();
        self.length -= 1;
        item
    }

    /// The item at a place counted from the oldest.
    pub fn get(&self, index: usize) -> Option<&T> {
        if index >= self.length {
            return None;
        }
        let slot = (self.start + index) % self.slots.len();
        self.slots[slot].as_ref()
    }

    pub fn to_vec(&self) -> Vec<T> {
        (0..self.length).filter_map(|index| self.get(index).cloned()).collect()
    }
}

impl<T: Clone + fmt::Display> fmt::Display for RingBuffer<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.to_vec().iter().map(|item| item.to_string()).collect();
        write!(formatter, "[{}]", items.join(", "))
    }
}
