//! Object storage on 127.0.0.1: `rclone serve s3`, and a proxy before it that has what it lacks.

mod proxy;
mod rclone;

pub use proxy::{Conditions, S3Proxy};
pub use rclone::RcloneS3;
