//! An index of charts: the same versions, digests and times in whatever pieces it arrives.

#![no_main]

use helm_source::{Index, IndexReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, file)) = bytes.split_first() else { return };
    let whole = Index::from_slice(file);
    let mut reader = IndexReader::new();
    let mut pieces = file.chunks(usize::from(size).max(1));
    for piece in pieces.by_ref() {
        let _ = reader.push(piece);
    }
    if let (Ok(whole), Ok((pieced, _))) = (&whole, reader.finish(std::io::empty())) {
        assert_eq!(whole.version_count(), pieced.version_count());
        for (chart, _) in whole.charts() {
            let same = pieced.entries(chart).expect("the same charts");
            assert!(whole.entries(chart).expect("it is listed").eq(same), "{chart}");
            let times = |index: &Index| index.times(chart).expect("it is listed").collect::<Vec<_>>();
            assert_eq!(times(whole), times(&pieced), "{chart}");
        }
    }
});
