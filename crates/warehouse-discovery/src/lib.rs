//! Compiles a Warehouse into artifact sources, runs them at once, and keeps the failures apart
