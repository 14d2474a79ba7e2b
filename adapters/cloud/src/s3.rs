//! S3: the files of title versions ([`S3VersionFiles`]), and buckets as operators use them ([`S3Bucket`]). Which objects are
//! where, and with what they are made, is in `deploy/README.md`.

mod bucket;
mod files;

pub use bucket::{LISTED, Listed, Made, ObjectError, S3Bucket};
pub use files::S3VersionFiles;
