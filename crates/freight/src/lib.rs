//! Freight: one deterministic, named set of artifact revisions, with the URL normalizers its name rests on
