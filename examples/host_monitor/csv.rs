//! Samples as lines of a CSV file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidegate::time::Timestamp;

use crate::proc::Sample;

/// The first line of every recording.
const HEADER: &str = "unix_ns,sequence,cpu_total,cpu_idle,memory_total,memory_available,\
network_received,network_sent,disk_read,disk_written,disk_requests\n";

/// Appends samples to a CSV file, through a buffer.
///
/// All columns are whole numbers: the wall-clock time in nanoseconds since
/// 1970, then the fields of [`Sample`]. Writing blocks: it belongs on a
/// worker that has nothing urgent to do.
#[derive(Debug)]
pub(crate) struct Recorder {
    path: PathBuf,
    file: BufWriter<File>,
    /// The wall-clock time, since 1970, at the epoch of the timestamps.
    epoch: Duration,
}

impl Recorder {
    /// Opens the file at `path`, or makes it, header included, to append to.
    /// `wall_at_epoch` is the wall-clock time at the epoch of the clock that
    /// stamps the samples.
    ///
    /// # Errors
    /// The file cannot be opened or written, or holds something else than a
    /// recording with these columns; it is unchanged then.
    pub(crate) fn open(path: &Path, wall_at_epoch: SystemTime) -> Result<Self, RecordError> {
        let failed = |source| RecordError::Open {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed)?;
        let begun = file.metadata().map_err(failed)?.len() > 0;
        if begun && !has_header(&file).map_err(failed)? {
            return Err(RecordError::Foreign {
                path: path.to_owned(),
            });
        }
        let mut recorder = Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            epoch: wall_at_epoch.duration_since(UNIX_EPOCH).unwrap_or_default(),
        };
        // A run that was killed may have left half a line; ours begins anew.
        let start = match begun {
            false => HEADER,
            true if ends_in_half_a_line(recorder.file.get_ref()).map_err(failed)? => "\n",
            true => "",
        };
        recorder
            .file
            .write_all(start.as_bytes())
            .and_then(|()| recorder.file.flush())
            .map_err(failed)?;
        Ok(recorder)
    }

    /// Appends the sample taken at the moment `at`.
    ///
    /// # Errors
    /// The file cannot be written: the disk is full, say.
    pub(crate) fn append(&mut self, at: Timestamp, sample: &Sample) -> Result<(), RecordError> {
        let time = self.epoch.as_nanos() + u128::from(at.as_nanos());
        let Sample {
            sequence,
            cpu_total,
            cpu_idle,
            memory_total,
            memory_available,
            network_received,
            network_sent,
            disk_read,
            disk_written,
            disk_requests,
        } = sample;
        writeln!(
            self.file,
            "{time},{sequence},{cpu_total},{cpu_idle},{memory_total},{memory_available},\
             {network_received},{network_sent},{disk_read},{disk_written},{disk_requests}"
        )
        .map_err(|source| self.failed(source))
    }

    /// Writes what the buffer holds. Dropping the recorder tries it too, but
    /// cannot say how it went.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn flush(&mut self) -> Result<(), RecordError> {
        self.file.flush().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> RecordError {
        RecordError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

/// Whether the file begins with [`HEADER`].
fn has_header(file: &File) -> io::Result<bool> {
    let mut start = Vec::with_capacity(HEADER.len());
    BufReader::new(file)
        .take(HEADER.len() as u64)
        .read_to_end(&mut start)?;
    Ok(start == HEADER.as_bytes())
}

/// Whether the file, which is not empty, lacks the line break at its end.
fn ends_in_half_a_line(mut file: &File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Why a recording cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// The file cannot be opened or made.
    #[error(
        "cannot record to {}: {source}; \
         give --record a file in a directory where you may write", path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there and is not a recording.
    #[error(
        "cannot record to {}: it holds something else than a recording with \
         these columns; give --record another file", path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written any more.
    #[error(
        "cannot write the recording {}: {source}; is there room on the disk?", path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn record(path: &Path, sequence: u64) {
        let wall = UNIX_EPOCH + Duration::from_secs(2);
        let mut recorder = Recorder::open(path, wall).unwrap();
        let sample = Sample {
            sequence,
            cpu_total: 1,
            cpu_idle: 2,
            memory_total: 3,
            memory_available: 4,
            network_received: 5,
            network_sent: 6,
            disk_read: 7,
            disk_written: 8,
            disk_requests: 9,
        };
        recorder.append(Timestamp::from_nanos(5), &sample).unwrap();
        recorder.flush().unwrap();
    }

    #[test]
    fn a_second_recording_is_appended_under_the_same_header() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("samples.csv");
        record(&path, 70);
        record(&path, 71);
        let expected =
            format!("{HEADER}2000000005,70,1,2,3,4,5,6,7,8,9\n2000000005,71,1,2,3,4,5,6,7,8,9\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn a_half_line_of_a_killed_run_does_not_spoil_the_next_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("samples.csv");
        fs::write(&path, format!("{HEADER}19999,3,1")).unwrap();
        record(&path, 70);
        let expected = format!("{HEADER}19999,3,1\n2000000005,70,1,2,3,4,5,6,7,8,9\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn every_line_has_as_many_columns_as_the_header() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("samples.csv");
        record(&path, 0);
        let text = fs::read_to_string(&path).unwrap();
        let columns: Vec<_> = text.lines().map(|line| line.split(',').count()).collect();
        assert_eq!(columns, [11, 11]);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("missing").join("samples.csv");
        let error = Recorder::open(&path, UNIX_EPOCH).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains("--record"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_recording_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        fs::write(&path, "milk, eggs\n").unwrap();
        let error = Recorder::open(&path, UNIX_EPOCH).unwrap_err();
        assert!(matches!(error, RecordError::Foreign { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "milk, eggs\n");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_noticed_at_open_when_the_file_is_new() {
        let error = Recorder::open(Path::new("/dev/full"), UNIX_EPOCH).unwrap_err();
        assert!(matches!(error, RecordError::Open { .. }), "{error}");
    }
}
