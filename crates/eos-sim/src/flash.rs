//! The files of a device and its checkpoints.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::Config;

/// How many checkpoints a device keeps.
// EOS-74: twenty checkpoints are kept by default.
const CHECKPOINTS: usize = 20;

/// What `flash:` and `checkpoint:` hold. They outlive a reload.
#[derive(Debug, Default)]
pub(crate) struct Flash {
    files: BTreeMap<String, Arc<str>>,
    checkpoints: VecDeque<Checkpoint>,
}

/// A configuration that was kept before a commit, or by hand.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) name: String,
    pub(crate) at: Timestamp,
    pub(crate) config: Arc<Config>,
}

impl Flash {
    pub(crate) fn write(&mut self, path: &str, text: String) {
        self.files.insert(name(path).to_owned(), text.into());
    }

    pub(crate) fn read(&self, path: &str) -> Option<Arc<str>> {
        self.files.get(name(path)).cloned()
    }

    pub(crate) fn delete(&mut self, path: &str) -> bool {
        self.files.remove(name(path)).is_some()
    }

    /// Each file's name and its size in bytes.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&str, usize)> {
        self.files.iter().map(|(name, text)| (name.as_str(), text.len()))
    }

    /// Keeps `config`, under the name `ckp-YYYYMMDD-N` if it is given none; the oldest one makes
    /// room.
    pub(crate) fn keep(&mut self, given: Option<&str>, config: &Arc<Config>, at: Timestamp) -> String {
        let name = given.map(str::to_owned).unwrap_or_else(|| self.unused(at));
        self.checkpoints.retain(|checkpoint| checkpoint.name != name);
        self.checkpoints.push_back(Checkpoint { name: name.clone(), at, config: config.clone() });
        while self.checkpoints.len() > CHECKPOINTS {
            self.checkpoints.pop_front();
        }
        name
    }

    /// All checkpoints, the oldest first.
    pub(crate) fn checkpoints(&self) -> impl Iterator<Item = &Checkpoint> {
        self.checkpoints.iter()
    }

    pub(crate) fn checkpoint(&self, name: &str) -> Option<Arc<Config>> {
        self.checkpoints().find(|checkpoint| checkpoint.name == name).map(|checkpoint| checkpoint.config.clone())
    }

    fn unused(&self, at: Timestamp) -> String {
        let day = at.strftime("ckp-%Y%m%d-").to_string();
        let number = |checkpoint: &Checkpoint| checkpoint.name.strip_prefix(&day)?.parse::<usize>().ok();
        let last = self.checkpoints().filter_map(number).max();
        format!("{day}{}", last.map_or(0, |last| last + 1))
    }
}

/// `flash:x`, `flash:/x` and `/mnt/flash/x` are one file.
fn name(path: &str) -> &str {
    let path = path.strip_prefix("flash:").or_else(|| path.strip_prefix("file:/mnt/flash")).unwrap_or(path);
    path.trim_start_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_name_however_it_is_spelled() {
        let mut flash = Flash::default();
        flash.write("flash:rollback-0", "x".to_owned());
        assert_eq!(flash.read("flash:/rollback-0").as_deref(), Some("x"));
        assert!(flash.delete("file:/mnt/flash/rollback-0") && !flash.delete("flash:rollback-0"));
    }

    #[test]
    fn twenty_checkpoints_are_kept_and_numbered_by_the_day() {
        let (mut flash, config) = (Flash::default(), Arc::new(Config::default()));
        let names: Vec<_> = (0..25).map(|_| flash.keep(None, &config, Timestamp::UNIX_EPOCH)).collect();
        assert_eq!((names[0].as_str(), names[24].as_str()), ("ckp-19700101-0", "ckp-19700101-24"));
        assert_eq!(flash.checkpoints().count(), 20);
        assert!(flash.checkpoint("ckp-19700101-4").is_none() && flash.checkpoint("ckp-19700101-5").is_some());
    }
}
