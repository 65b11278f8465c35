//! One HTTP client for every artifact source: limits, retries, safe redirects, TLS, and an exact count of what was spent
