//! Many Secrets, and the one among them that is for a repository.

use std::collections::{BTreeMap, HashMap};

use super::entry::{Entry, Target};
use super::secret::KargoSecret;
use super::wanted::{CredType, ExactName, Wanted};

/// The Secrets of all namespaces.
#[derive(Debug, Default)]
pub(super) struct Collection {
    /// By namespace in the order of their first appearance, and by name within each.
    pub(super) entries: Vec<Entry>,
    /// The namespaces in the order of their first appearance.
    pub(super) namespaces: Vec<String>,
    by_namespace: HashMap<String, Namespace>,
}

/// The Secrets of a namespace, as indices.
#[derive(Debug, Default)]
struct Namespace {
    /// By type and name; of several for one repository the first by name.
    exact: HashMap<(CredType, ExactName), usize>,
    /// By type, in the order of names.
    patterns: BTreeMap<CredType, Vec<usize>>,
}

impl Collection {
    /// A Secret that comes again replaces the one before, as in a cluster.
    pub(super) fn new(secrets: impl IntoIterator<Item = KargoSecret>) -> Self {
        let mut namespaces: Vec<String> = Vec::new();
        let mut places = HashMap::new();
        let mut sorted = BTreeMap::new();
        for secret in secrets {
            let place = *places.entry(secret.namespace.clone()).or_insert_with(|| {
                namespaces.push(secret.namespace.clone());
                namespaces.len() - 1
            });
            let key = (place, secret.name.clone());
            let before = sorted.remove(&key).map(|(before, _)| before);
            sorted.insert(key, (secret, before));
        }
        let entry = |(secret, before): (KargoSecret, Option<KargoSecret>)| match before {
            None => Entry::new(secret),
            Some(before) => Entry::new(secret).replacing(&before),
        };
        let entries: Vec<Entry> = sorted.into_values().map(entry).collect();
        let mut by_namespace: HashMap<String, Namespace> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let Some(cred_type) = entry.cred_type else { continue };
            let namespace = by_namespace.entry(entry.secret.namespace.clone()).or_default();
            match &entry.target {
                Target::Exact { name: Some(name), .. } => {
                    namespace.exact.entry((cred_type, name.clone())).or_insert(index);
                }
                Target::Pattern(_) => namespace.patterns.entry(cred_type).or_default().push(index),
                Target::Exact { name: None, .. } | Target::Unknown => {}
            }
        }
        Self { entries, namespaces, by_namespace }
    }

    /// The first Secret for a repository: namespace by namespace, in each one the exact URLs before the patterns, and of
    /// several the first by name.
    pub(super) fn find<'a>(
        &self,
        wanted: &Wanted,
        namespaces: impl IntoIterator<Item = &'a str>,
    ) -> Option<&Entry> {
        if wanted.forms.is_err() {
            return None;
        }
        let exact = (wanted.cred_type, wanted.name.clone());
        namespaces.into_iter().find_map(|namespace| {
            let namespace = self.by_namespace.get(namespace)?;
            if let Some(&index) = namespace.exact.get(&exact) {
                return self.entries.get(index);
            }
            let patterns = namespace.patterns.get(&wanted.cred_type).into_iter().flatten();
            let mut patterns = patterns.filter_map(|&index| self.entries.get(index));
            patterns.find(|entry| entry.is_for(wanted))
        })
    }
}
