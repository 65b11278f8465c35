//! A small pack whose deltas are minutes of work: the work ends with the discovery that wants it.

use std::io::{BufReader, Cursor, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use artifact_http::{BlockingThreads, Call, LeastProgress};
use artifact_source::{ErrorKind, Meter};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use gix::hash::Kind as ObjectFormat;
use warehouse_testkit::pack::{base_distance, delta_size, entry_head};

use crate::repository::{Scratch, Store};
use crate::transport::{Interrupt, Limits, run_blocking};

/// The size of the object that each delta copies, just below the largest copy that a delta can name.
const BASE: usize = (1 << 24) - 1;

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A pack of one object of 16 MiB, and so many that are a copy of it behind four bytes of their own.
fn pack(deltas: u32) -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend((deltas + 1).to_be_bytes());
    let base = pack.len();
    pack.extend(entry_head(3, BASE));
    pack.extend(zlib(&vec![0; BASE]));
    for number in 0..deltas {
        let mut delta = [delta_size(BASE), delta_size(BASE + 4)].concat();
        delta.push(4);
        delta.extend(number.to_be_bytes());
        delta.extend([0b1111_0000, 0xff, 0xff, 0xff]);
        let start = pack.len();
        pack.extend(entry_head(6, delta.len()));
        pack.extend(base_distance(start - base));
        pack.extend(zlib(&delta));
    }
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(&pack);
    pack.extend(hasher.try_finalize().unwrap().as_slice());
    pack
}

fn receive(
    deltas: u32,
    interrupt: &Arc<Interrupt>,
) -> impl FnOnce() -> Result<(), artifact_source::Error> + Send + 'static {
    let interrupt = Arc::clone(interrupt);
    let pack = pack(deltas);
    assert!(pack.len() < 256 << 10, "{} bytes", pack.len());
    move || {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Arc::new(Scratch::create(folder.path(), "").unwrap());
        let store = Store::open(folder.path(), Path::new("store"), ObjectFormat::Sha1, scratch, &interrupt)?;
        let mut pack = BufReader::new(Cursor::new(pack));
        Ok(store.receive(&mut pack, &mut gix::progress::Discard, interrupt.flag(), &interrupt)?)
    }
}

fn interrupt() -> Arc<Interrupt> {
    let progress = LeastProgress::default();
    let limits = Limits { bytes: 512 << 20, stall: Duration::from_secs(60), progress, deadline: None };
    Arc::new(Interrupt::new(Meter::new(), limits))
}

#[tokio::test]
async fn deltas_are_resolved_until_the_deadline_and_not_further() {
    let threads = BlockingThreads::new(1);
    let small = interrupt();
    run_blocking(&threads, Arc::clone(&small), receive(2, &small)).await.unwrap();

    let large = interrupt();
    let call = Call::new().with_deadline(Instant::now() + Duration::from_secs(1));
    let ended = call.within(run_blocking(&threads, Arc::clone(&large), receive(4_000, &large))).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
    // The one thread is free again. Without the interrupt it is not for minutes.
    let next = tokio::time::timeout(Duration::from_secs(30), threads.run("next", || 7));
    assert_eq!(next.await.unwrap().unwrap(), 7);
}
