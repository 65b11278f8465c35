//! The four reads of the OCI distribution spec that artifact discovery needs, with authentication, limits and retries
