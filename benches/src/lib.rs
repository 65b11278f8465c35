//! Ratios against peers, timed in one run. Each bench is a binary under `src/bin`.
