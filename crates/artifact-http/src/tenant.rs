//! The tenant that a discovery belongs to.

use std::fmt;
use std::sync::Arc;

/// Whose discovery it is: the namespace of a Warehouse, or a name of the program's own, such as the number of a customer.
///
/// It is part of every lookup of a credential ([`CredentialRequest`](crate::CredentialRequest)) and of the key of everything that
/// was read with one ([`Identity::scope`](crate::Identity::scope)), so that one client and one cache can serve many tenants.
/// `Tenant::default()` is no tenant: a source of credentials that distinguishes tenants has nothing for it that belongs to one.
/// Two names are the same tenant if they are equal byte by byte. Clones are cheap.
///
/// ```
/// use artifact_http::Tenant;
///
/// let team = Tenant::new("team-a");
/// assert_eq!(team.name(), Some("team-a"));
/// assert_ne!(team, Tenant::new("Team-A"));
/// assert_eq!(Tenant::new(""), Tenant::default());
/// assert_eq!(Tenant::from(None::<&str>).name(), None);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(Option<Arc<str>>);

/// No tenant, to borrow.
pub(crate) static NO_TENANT: Tenant = Tenant(None);

impl Tenant {
    /// The tenant of this name. An empty name is [no tenant](Self::is_none).
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(Some(name.into()).filter(|name| !name.is_empty()))
    }

    /// The name, which is never empty; `None` for no tenant.
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether it is no tenant.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl From<&str> for Tenant {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Tenant {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// A namespace that may be absent, as that of a Warehouse.
impl From<Option<&str>> for Tenant {
    fn from(name: Option<&str>) -> Self {
        name.map(Self::new).unwrap_or_default()
    }
}

impl fmt::Display for Tenant {
    /// The name with control characters made visible, or `no tenant`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&artifact_source::printable(self.name().unwrap_or("no tenant")))
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tenant").field(&self.0).finish()
    }
}
