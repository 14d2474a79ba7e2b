//! Records the journal is done with and nobody else has (J5.4): they are written to a file of their own, for the
//! operator to judge, before the journal forgets them.

use std::io;

use latchkey_protocol::{Record, RoomId};

use crate::disk::Disk;

/// Files of the same name that are tried before giving up.
const TRIES: u32 = 1_000;

/// The end of such a file's name.
const SUFFIX: &str = "aside";

/// Writes `records` to a file that is durable when this returns: one `record` frame a line, as members saw them. The
/// same records of a room are written once, however often this is interrupted and repeated.
pub(crate) fn put(disk: &dyn Disk, room: RoomId, records: &[Record]) -> io::Result<String> {
    let mut text = Vec::new();
    for record in records {
        text.extend_from_slice(&record.to_frame());
        text.push(b'\n');
    }
    let first = records.first().map_or(0, |record| record.seq.0);
    let last = records.last().map_or(0, |record| record.seq.0);
    for number in 1..=TRIES {
        let name = format!("{room}.{first}-{last}.{number}.{SUFFIX}");
        match disk.create(&name) {
            Ok(file) => {
                if let Err(error) = file.append(&text).and_then(|()| file.sync()) {
                    // A part of it would be in the way of the next try, and take space that the disk may lack.
                    let _ = disk.remove(&name);
                    return Err(error);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if disk.read(&name)? != text {
                    continue;
                }
                disk.open(&name)?.sync()?;
            }
            Err(error) => return Err(error),
        }
        disk.sync_names()?;
        return Ok(name);
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!(
            "{TRIES} files of room {room} are put aside already: look at them and move them away"
        ),
    ))
}
