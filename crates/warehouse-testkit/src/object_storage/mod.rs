//! Object storage on 127.0.0.1: a server of our own in memory, `rclone serve s3`, and the latter with conditional puts added.

mod memory;
mod rclone;
mod server;

pub use rclone::RcloneS3;
pub use server::{Conditions, S3Server};
