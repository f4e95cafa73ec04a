//! Keeps measured pass costs in one small JSON file of the cache folder. A lost or damaged file costs a new measurement.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::{
    engine::{costs::PassCosts, private::create_folders},
    files,
};

const FILE: &str = "calibration.json";
/// Measurements that are kept; the oldest go first.
const KEPT: usize = 32;
/// So many measurements are far shorter.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// What a measurement holds for: if any of it changes, it is made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    model: PathBuf,
    model_bytes: u64,
    /// Nanoseconds since 1970.
    model_modified_ns: u64,
    processor: String,
    threads: u32,
    /// tacit's, and with it llama.cpp's.
    version: String,
}

impl Subject {
    /// A model file on this machine; `None` if the file cannot be looked at.
    pub fn of(model: &Path, threads: u32) -> Option<Self> {
        let metadata = model.metadata().ok()?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self {
            model: model.to_owned(),
            model_bytes: metadata.len(),
            model_modified_ns: u64::try_from(modified.as_nanos()).ok()?,
            processor: processor(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            threads,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    #[cfg(test)]
    pub fn test(threads: u32) -> Self {
        Self {
            model: "/m/small.gguf".into(),
            model_bytes: 1,
            model_modified_ns: 1,
            processor: "test".into(),
            threads,
            version: "1.0.0".into(),
        }
    }
}

/// The processor's name, from the text of Linux's `/proc/cpuinfo`; else its architecture.
fn processor(cpuinfo: &str) -> String {
    let name = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or(std::env::consts::ARCH, |(_, name)| name.trim())
        .to_owned()
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    #[serde(flatten)]
    subject: Subject,
    device: String,
    /// Tokens and milliseconds of each pass.
    passes: PassCosts,
}

/// The file that holds all measurements of this user.
#[derive(Debug, Clone)]
pub struct CalibrationRecords {
    folder: PathBuf,
}

impl CalibrationRecords {
    /// `folder` need not exist yet.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// What was measured with this device.
    pub fn find(&self, subject: &Subject, device: &str) -> Option<PassCosts> {
        self.load()
            .into_iter()
            .find(|record| record.subject == *subject && record.device == device)
            .map(|record| record.passes)
    }

    /// What was measured last, with whatever device.
    pub fn latest(&self, subject: &Subject) -> Option<PassCosts> {
        let mut records = self.load().into_iter().rev();
        let latest = records.find(|record| record.subject == *subject);
        latest.map(|record| record.passes)
    }

    /// Adds a measurement or replaces an older one. Of processes that do this at once, one may lose its own.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn add(&self, subject: &Subject, device: &str, costs: &PassCosts) -> io::Result<()> {
        let mut records = self.load();
        records.retain(|record| record.subject != *subject || record.device != device);
        records.push(Record {
            subject: subject.clone(),
            device: device.to_owned(),
            passes: costs.clone(),
        });
        let too_many = records.len().saturating_sub(KEPT);
        create_folders(&self.folder)?;
        // Only the user can read a temporary file, and a reader sees all of the new file or all of the old one.
        let file = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer_pretty(&file, &records[too_many..])?;
        file.persist(self.folder.join(FILE))?;
        Ok(())
    }

    /// The oldest first; none where nothing can be read.
    fn load(&self) -> Vec<Record> {
        let read = files::read(&self.folder.join(FILE), MAX_FILE_BYTES).ok();
        read.and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(ms: f32) -> PassCosts {
        PassCosts::new(vec![(1, ms), (8, ms * 2.0)]).unwrap()
    }

    #[test]
    fn what_is_added_is_found_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let records = CalibrationRecords::in_folder(&folder.path().join("tacit"));
        let subject = Subject::test(2);
        assert_eq!(records.find(&subject, "cpu"), None);
        records.add(&subject, "cpu", &costs(10.0)).unwrap();
        records.add(&subject, "gpu", &costs(1.0)).unwrap();
        assert_eq!(records.find(&subject, "cpu"), Some(costs(10.0)));
        assert_eq!(records.latest(&subject), Some(costs(1.0)));
        records.add(&subject, "cpu", &costs(11.0)).unwrap();
        assert_eq!(records.find(&subject, "cpu"), Some(costs(11.0)));
        assert_eq!(records.load().len(), 2);
        assert_eq!(records.find(&Subject::test(1), "cpu"), None);
    }

    #[test]
    fn only_the_newest_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let records = CalibrationRecords::in_folder(folder.path());
        for threads in 0..40 {
            let added = records.add(&Subject::test(threads), "cpu", &costs(10.0));
            added.unwrap();
        }
        assert_eq!(records.load().len(), KEPT);
        assert_eq!(records.latest(&Subject::test(7)), None);
        assert!(records.latest(&Subject::test(39)).is_some());
    }

    #[test]
    fn a_damaged_file_counts_as_none_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let records = CalibrationRecords::in_folder(folder.path());
        let subject = Subject::test(2);
        records.add(&subject, "cpu", &costs(10.0)).unwrap();
        let path = folder.path().join(FILE);
        let whole = fs::read_to_string(&path).unwrap();
        let senseless = whole.replace("10.0", "-1.0");
        for text in ["", "null", "[{}]", &whole[..whole.len() / 2], &senseless] {
            fs::write(&path, text).unwrap();
            assert_eq!(records.find(&subject, "cpu"), None, "{text}");
            records.add(&subject, "cpu", &costs(10.0)).unwrap();
            assert_eq!(records.load().len(), 1);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("tacit");
        let records = CalibrationRecords::in_folder(&folder);
        records.add(&Subject::test(2), "cpu", &costs(10.0)).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&folder), mode(&folder.join(FILE))], [0o700, 0o600]);
    }

    #[test]
    fn a_file_that_changes_is_another_subject() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("small.gguf");
        assert_eq!(Subject::of(&model, 2), None);
        fs::write(&model, "a").unwrap();
        let subject = Subject::of(&model, 2);
        assert!(subject.is_some() && subject == Subject::of(&model, 2));
        assert_ne!(subject, Subject::of(&model, 1));
        fs::write(&model, "ab").unwrap();
        assert_ne!(subject, Subject::of(&model, 2));
    }

    #[test]
    fn the_processor_is_named() {
        let name = processor("processor\t: 0\nmodel name\t: AMD EPYC 9004\nmodel\t: 1\n");
        assert_eq!(name, "AMD EPYC 9004");
        assert_eq!(processor(""), std::env::consts::ARCH);
    }
}
