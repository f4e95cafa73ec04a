//! The order in which tasks that depend on each other can be done.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Debug, PartialEq, Eq)]
pub enum OrderError {
    Cycle(Vec<String>),
    Unknown { task: String, dependency: String },
}

#[derive(Default)]
pub struct Tasks {
    dependencies: BTreeMap<String, BTreeSet<String>>,
}

impl Tasks {
    pub fn add(&mut self, task: &str, dependencies: &[&str]) {
        let known = self.dependencies.entry(task.to_string()).or_default();
        known.extend(dependencies.iter().map(|name| name.to_string()));
    }

    fn check(&self) -> Result<(), OrderError> {
        for (task, dependencies) in &self.dependencies {
            for dependency in dependencies {
                if !self.dependencies.contains_key(dependency) {
                    return Err(OrderError::Unknown { task: task.clone(), dependency: dependency.clone() });
                }
            }
        }
        Ok(())
    }

    /// Every task after all that it depends on; of those that are ready the first by name.
    pub fn order(&self) -> Result<Vec<String>, OrderError> {
        self.check()?;
        let mut missing: BTreeMap<&String, usize> = BTreeMap::new();
        for (task, dependencies) in &self.dependencies {
            missing.insert(task, dependencies.len());
        }
        let mut ready: VecDeque<&String> = missing.iter().filter(|(_, count)| **count == 0).map(|(task, _)| *task).collect();
        let mut order = Vec::new();
        while let Some(task) = ready.pop_front() {
            order.push(task.clone());
            missing.remove(task);
            for dependent in self.dependents(task) {
                if let Some(count) = missing.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push_back(dependent);
                    }
                }
            }
        }
        if !missing.is_empty() {
            return Err(OrderError::Cycle(missing.into_keys().cloned().collect()));
        }
        Ok(order)
    }

    fn dependents(&self, task: &str) -> Vec<&String> {
        self.dependencies.iter().filter(|(_, dependencies)| dependencies.contains(task)).map(|(name, _)| name).collect()
    }

    /// Tasks that nothing else depends on.
    pub fn goals(&self) -> Vec<&String> {
        self.dependencies.keys().filter(|task| self.dependents(task).is_empty()).collect()
    }
}
