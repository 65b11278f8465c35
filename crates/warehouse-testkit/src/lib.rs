//! Loopback registry, Git and chart servers for tests and demos, with faults to order
