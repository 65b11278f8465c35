//! A bundle that was changed: an error when it is read, or a replay that ends.

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use discovery_bundle::{Bundle, Replay};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::world::{Credentials, World, record};

#[derive(Clone, Debug)]
enum Damage {
    Byte(prop::sample::Index, u8),
    Remove(prop::sample::Index, usize),
    RemoveLine(prop::sample::Index),
    RepeatLine(prop::sample::Index),
    /// Puts the end of one line behind the start of another.
    Cross(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), 32..127_u8).prop_map(|(at, with)| Damage::Byte(at, with)),
        (index(), 1..50_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        index().prop_map(Damage::RemoveLine),
        index().prop_map(Damage::RepeatLine),
        (index(), index()).prop_map(|(a, b)| Damage::Cross(a, b)),
    ]
}

impl Damage {
    fn apply(&self, text: &mut Vec<u8>) {
        let lines =
            |text: &[u8]| text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
        match self {
            Self::Byte(at, with) => {
                let at = at.index(text.len());
                text[at] = *with;
            }
            Self::Remove(at, length) => {
                let at = at.index(text.len());
                text.drain(at..text.len().min(at + length));
            }
            Self::RemoveLine(at) => {
                let mut lines = lines(text);
                lines.remove(at.index(lines.len()));
                *text = lines.concat();
            }
            Self::RepeatLine(at) => {
                let mut lines = lines(text);
                let line = lines[at.index(lines.len())].clone();
                lines.push(line);
                *text = lines.concat();
            }
            Self::Cross(a, b) => {
                let mut lines = lines(text);
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                let end = lines[b][lines[b].len() / 2..].to_vec();
                let half = lines[a].len() / 2;
                lines[a].truncate(half);
                lines[a].extend(end);
                *text = lines.concat();
            }
        }
        if text.is_empty() {
            text.push(b'\n');
        }
    }
}

#[test]
fn damage_is_an_error_or_a_replay_that_ends() {
    let world = World::start();
    let warehouse = world.warehouse();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_, bundle) = runtime.block_on(record(&warehouse, Credentials));
    let mut file = Vec::new();
    bundle.write(&mut file).unwrap();
    let mut text = Vec::new();
    GzDecoder::new(&*file).read_to_end(&mut text).unwrap();
    let replays = AtomicUsize::new(0);
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() };
    let damages = prop::collection::vec(damage(), 1..4);
    TestRunner::new(config)
        .run(&damages, |damages| {
            let mut text = text.clone();
            damages.iter().for_each(|damage| damage.apply(&mut text));
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&text).unwrap();
            let Ok(bundle) = Bundle::read(&*encoder.finish().unwrap()) else { return Ok(()) };
            let Ok(discoverer) = Replay::new(bundle).discoverer().unwrap().build() else { return Ok(()) };
            let report = runtime.block_on(async { discoverer.run(&warehouse).await });
            prop_assert_eq!(report.subscriptions.len(), warehouse.spec.subscriptions.len());
            for (_, error) in report.failures() {
                prop_assert_ne!(error.kind(), artifact_source::ErrorKind::Internal, "{}", error);
            }
            replays.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
    eprintln!("{} replays of damaged bundles", replays.load(Ordering::Relaxed));
}
