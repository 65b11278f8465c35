//! URLs of the right form that are not those of repositories: pages for people, hosts and owners alone, files in a repository.

use repository_url::{redact, without_credential};

use super::form::{RepositoryKind, is_classic};
use crate::rule;

/// A URL of the right form that is not that of a repository: a page about it, or a file in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misleading {
    /// What it is, as a phrase that follows the URL.
    pub(crate) what: String,
    /// The URL of the repository; `None` where this one does not say it.
    pub(crate) meant: Option<String>,
    /// What else there is to do.
    pub(crate) hint: String,
    /// What else the URL says, which other fields say.
    pub(crate) besides: Vec<Beside>,
    /// Whether it is a page that a browser shows.
    pub(crate) is_page: bool,
}

impl Misleading {
    fn new(what: impl Into<String>, meant: impl Into<String>) -> Self {
        let (what, meant) = (what.into(), Some(meant.into()));
        Self { what, meant, hint: String::new(), besides: Vec::new(), is_page: false }
    }

    /// What does not say the URL of the repository.
    fn unknown(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), meant: None, hint: hint.into(), besides: Vec::new(), is_page: false }
    }

    fn page(self) -> Self {
        Self { is_page: true, ..self }
    }
}

/// A field that says what a URL was meant to say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Text(&'static str, String),
    /// A list of this one text.
    List(&'static str, String),
}

impl Beside {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text(name, _) | Self::List(name, _) => name,
        }
    }
}

/// What pages about a repository are called in the URLs of servers of Git repositories.
const PAGES: &[&str] = &[
    "tree", "blob", "raw", "commit", "commits", "releases", "tags", "branches", "pull", "issues", "wiki",
    "archive",
];

/// The page of a Git repository, as browsers show its URL: `https://github.com/a/b/tree/main`, `/-/tree/` of GitLab, `/src/` of Bitbucket and of Gitea.
fn page_of_git(url: &str) -> Option<Misleading> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let names: Vec<&str> = rest.split(['?', '#']).next()?.trim_end_matches('/').split('/').collect();
    let (host, path) = names.split_first()?;
    let host = host.rsplit('@').next()?;
    let is_page = |name: &&str| PAGES.contains(name);
    // GitLab has folders of projects, so a name alone says nothing; one with something behind it does.
    let (at, page) = match path.iter().position(|name| *name == "-") {
        Some(at) if at >= 2 => (at, path.get(at + 1..)?),
        _ if *path.get(2)? == "src" && path.len() > 3 => {
            let skipped = usize::from(matches!(path.get(3), Some(&("branch" | "tag" | "commit"))));
            (2, path.get(2 + skipped..)?)
        }
        _ if path.get(2).is_some_and(is_page) && (path.len() > 3 || host == "github.com") => {
            (2, path.get(2..)?)
        }
        _ => return None,
    };
    let (kind, after) = page.split_first()?;
    let shows_files = matches!(*kind, "tree" | "blob" | "raw" | "src") || *kind == "branch";
    let besides = match after.split_first().filter(|_| shows_files) {
        Some((branch, folders)) => {
            let branch = Beside::Text("branch", (*branch).to_owned());
            let path = (!folders.is_empty()).then(|| Beside::List("includePaths", folders.join("/")));
            std::iter::once(branch).chain(path).collect()
        }
        None => Vec::new(),
    };
    let authority = names.first()?;
    let meant = format!("{scheme}://{authority}/{}", path.get(..at)?.join("/"));
    let what = "is a page about a repository, not the repository";
    RepositoryKind::Git.fits(&meant).then(|| Misleading { besides, ..Misleading::new(what, meant).page() })
}

/// A query behind a Git repository, which has none: what other tools read of it, fields say here. One that may hold a secret is told as such.
fn query_of_git(url: &str) -> Option<Misleading> {
    let url = without_credential(url);
    let (meant, query) = url.split_once('?').filter(|_| url.contains("://") && !url.starts_with("file:"))?;
    if redact(&url) != url || !RepositoryKind::Git.fits(meant) {
        return None;
    }
    let besides = query.split('&').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=').filter(|(_, value)| !value.is_empty())?;
        match name {
            "ref" | "branch" | "revision" | "rev" => Some(value),
            // Of Azure DevOps.
            "version" => value.strip_prefix("GB"),
            _ => None,
        }
        .filter(|branch| rule::is_branch(branch))
        .map(|branch| Beside::Text("branch", branch.to_owned()))
    });
    let what = "has a query, and the URL of a Git repository has none";
    Some(Misleading { besides: besides.take(1).collect(), ..Misleading::new(what, meant) })
}

/// A chart in a registry with its version or digest in the URL.
fn version_of_chart(url: &str) -> Option<Misleading> {
    let path = url.strip_prefix("oci://")?;
    let (before, last) = path.rsplit_once('/')?;
    let meant = |name: &str| format!("oci://{before}/{name}");
    let (what, meant, besides) = match (last.split_once('@'), last.split_once(':')) {
        (Some((name, digest)), _) if digest.contains(':') => {
            let name = name.split(':').next().unwrap_or(name);
            ("ends with a digest, which is no part of the URL of a chart", meant(name), Vec::new())
        }
        (None, Some((name, tag))) if rule::constraint(tag).is_none() => {
            let besides = vec![Beside::Text("semverConstraint", tag.to_owned())];
            ("ends with a version, which is no part of the URL of a chart", meant(name), besides)
        }
        (None, Some((name, _))) => {
            ("ends with a tag, which is no part of the URL of a chart", meant(name), Vec::new())
        }
        _ => return None,
    };
    (RepositoryKind::Chart.fits(&meant) && redact(url) == url)
        .then(|| Misleading { besides, ..Misleading::new(what, meant) })
}

/// A file of a chart repository.
fn file_of_charts(url: &str) -> Option<Misleading> {
    if !is_classic(url) {
        return None;
    }
    let path = url.trim_end_matches('/');
    let (meant, file) = path.rsplit_once('/')?;
    let what = match file {
        "index.yaml" | "index.yml" => {
            "is the index of a chart repository, and `/index.yaml` is added to the URL"
        }
        _ if file.ends_with(".tgz") => "is one version of a chart, not the repository",
        _ => return None,
    };
    RepositoryKind::Chart.fits(meant).then(|| Misleading::new(what, meant))
}

/// Registries, which have no index of charts.
const REGISTRIES: &[&str] = &["ghcr.io", "registry-1.docker.io", "public.ecr.aws", "gcr.io"];

/// A registry in place of a chart repository.
fn registry_of_charts(url: &str) -> Option<Misleading> {
    let rest = url.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/')?;
    if !REGISTRIES.contains(&host) || path.trim_matches('/').is_empty() || redact(url) != url {
        return None;
    }
    let what = "is in a registry, and a chart repository has an `index.yaml` at its URL";
    let hint = format!(
        "write oci://{} and behind it the name of the chart, without a `name` beside it",
        rest.trim_end_matches('/')
    );
    Some(Misleading::unknown(what, hint))
}

/// What a URL of the right form is in place of the repository.
pub(super) fn misleading(kind: RepositoryKind, url: &str) -> Option<Misleading> {
    match kind {
        RepositoryKind::Image => image_page(url).or_else(|| host_of_image(url)),
        RepositoryKind::Git => {
            let found = page_of_git(url).or_else(|| query_of_git(url)).or_else(|| owner_of_git(url));
            found.or_else(|| other_host_of_github(url)).or_else(|| port_of_scp(url)).or_else(|| {
                let site = Site::of(url).filter(|site| !site.is_git_server())?;
                let hint = "write the URL of the Git repository, which the page of the project names";
                Some(Misleading::unknown(format!("{}, not a Git repository", site.what()), hint).page())
            })
        }
        RepositoryKind::Chart => file_of_charts(url)
            .or_else(|| version_of_chart(url))
            .or_else(|| registry_of_charts(url))
            .or_else(|| chart_page(url)),
    }
}

/// A site of pages about images, charts and Git repositories, and the names in the path of one of its URLs.
struct Site<'u> {
    host: &'u str,
    path: Vec<&'u str>,
}

/// Hosts on which a Git repository has an owner and a name.
const GIT_SERVERS: &[&str] = &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

/// Other sites of pages, and what their pages are.
const SITES: &[(&str, &str)] = &[
    ("hub.docker.com", "is a page of Docker Hub"),
    ("artifacthub.io", "is a page of Artifact Hub"),
    ("gallery.ecr.aws", "is a page of the gallery of Amazon ECR"),
];

impl<'u> Site<'u> {
    fn of(url: &'u str) -> Option<Self> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or(url);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.strip_prefix("www.").unwrap_or(host);
        let is_known = GIT_SERVERS.contains(&host) || SITES.iter().any(|(site, _)| *site == host);
        let path = path.split(['?', '#']).next()?.trim_end_matches('/');
        is_known.then(|| Self { host, path: path.split('/').filter(|name| !name.is_empty()).collect() })
    }

    fn is_git_server(&self) -> bool {
        GIT_SERVERS.contains(&self.host)
    }

    fn what(&self) -> &'static str {
        SITES.iter().find(|(site, _)| *site == self.host).map_or("is a Git repository", |(_, what)| what)
    }

    /// The image that the page is about.
    fn image(&self) -> Option<String> {
        Some(match (self.host, self.path.as_slice()) {
            ("hub.docker.com", ["_", name, ..]) => (*name).to_owned(),
            ("hub.docker.com", ["r" | "repository", "docker", owner, name, ..] | ["r", owner, name, ..]) => {
                format!("{owner}/{name}")
            }
            ("hub.docker.com", [owner, name]) if *owner != "u" => format!("{owner}/{name}"),
            ("gallery.ecr.aws", [_, _, ..]) => format!("public.ecr.aws/{}", self.path.join("/")),
            (
                "github.com",
                ["orgs" | "users", owner, "packages", "container", "package", name, ..]
                | [owner, _, "pkgs", "container", name, ..],
            ) => format!("ghcr.io/{owner}/{name}").to_ascii_lowercase(),
            ("gitlab.com", [group @ .., "container_registry"]) => {
                let group: Vec<&str> = group.iter().copied().filter(|name| *name != "-").collect();
                format!("registry.gitlab.com/{}", group.join("/")).to_ascii_lowercase()
            }
            _ => return None,
        })
    }
}

/// A page about an image, or about the project that it is built of.
fn image_page(url: &str) -> Option<Misleading> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    if let Some(name) = rest.strip_prefix("quay.io/repository/") {
        let meant = format!("quay.io/{}", name.split(['?', '#']).next()?.trim_end_matches('/'));
        let what = "is a page of quay.io, not an image";
        return RepositoryKind::Image.fits(&meant).then(|| Misleading::new(what, meant).page());
    }
    let site = Site::of(url)?;
    if let Some(meant) = site.image().filter(|meant| RepositoryKind::Image.fits(meant)) {
        let what = match site.is_git_server() {
            true => "is a page about an image, not the image".to_owned(),
            false => format!("{}, not an image", site.what()),
        };
        return Some(Misleading::new(what, meant).page());
    }
    let hint = match site.is_git_server() {
        true => "subscribe to it with `git:`, or write the image, such as ghcr.io/owner/name",
        false => "write the image, which the page names in its command `docker pull`",
    };
    Some(Misleading::unknown(format!("{}, not an image", site.what()), hint).page())
}

/// A host without a repository, which would be taken for a name on Docker Hub. No image there has a name of one part with a point in it.
fn host_of_image(url: &str) -> Option<Misleading> {
    let is_host = url == "localhost" || url.contains('.');
    (is_host && is_word(url)).then(|| {
        let what = "is a host alone, and would be taken for an image on Docker Hub";
        Misleading::unknown(what, format!("write the repository behind it: {url}/path/name"))
    })
}

/// Whether a text is one word of an address.
fn is_word(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    text.chars().all(is_plain) && !text.starts_with('.') && !text.ends_with('.') && !text.is_empty()
}

/// The owner of Git repositories, without a repository.
fn owner_of_git(url: &str) -> Option<Misleading> {
    let (start, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest.split_once('@').map_or(rest, |(_, host)| host)),
        None => (String::new(), url.split_once('@')?.1),
    };
    let separator = if start.is_empty() { ':' } else { '/' };
    let (host, owner) = rest.split_once(separator)?;
    let owner = owner.trim_matches('/');
    let is_owner = GIT_SERVERS.contains(&host) && is_word(owner);
    is_owner.then(|| {
        let user = if start.is_empty() || start == "ssh://" { "git@" } else { "" };
        let what = "is the owner of repositories, not a repository";
        let hint = format!("write the repository behind it: {start}{user}{host}{separator}{owner}/name");
        Misleading::unknown(what, hint).page()
    })
}

/// A URL of GitHub's API or of a file there.
fn other_host_of_github(url: &str) -> Option<Misleading> {
    let rest = url.strip_prefix("https://")?;
    let (what, path) = match rest.split_once('/')? {
        ("api.github.com", path) => {
            ("is a URL of GitHub's API, not a repository", path.strip_prefix("repos/")?)
        }
        ("raw.githubusercontent.com", path) => ("is a file in a repository, not the repository", path),
        _ => return None,
    };
    let mut names = path.split('/').filter(|name| !name.is_empty());
    let meant = format!("https://github.com/{}/{}", names.next()?, names.next()?);
    RepositoryKind::Git.fits(&meant).then(|| Misleading::new(what, meant).page())
}

/// A port in the short form of a URL for SSH, which has none: `git@host:2222/a/b.git`.
fn port_of_scp(url: &str) -> Option<Misleading> {
    let (user, rest) = url.split_once('@').filter(|_| !url.contains("://"))?;
    let (host, path) = rest.split_once(':')?;
    let (port, repository) = path.split_once('/')?;
    // A folder may be a number.
    let is_port = port.len() > 1 && port.parse::<u16>().is_ok() && repository.contains('/');
    let meant = format!("ssh://{user}@{host}:{path}");
    let what = format!("has no port, and `{port}` is the first folder of its path");
    (is_port && RepositoryKind::Git.fits(&meant)).then(|| Misleading::new(what, meant))
}

/// A page about a chart, or a Git repository, which has no index of charts at its URL.
fn chart_page(url: &str) -> Option<Misleading> {
    let site = Site::of(url).filter(|_| is_classic(url))?;
    if let Some(owner_and_name) = site.image().filter(|_| site.host == "hub.docker.com") {
        let hint = format!("write oci://registry-1.docker.io/{owner_and_name}, without a `name` beside it");
        return Some(Misleading::unknown(format!("{}, not a chart", site.what()), hint).page());
    }
    if !site.is_git_server() {
        let hint = "write the URL that the page names in its command `helm repo add`, or in `helm install` behind oci://";
        return Some(Misleading::unknown(format!("{}, not a chart repository", site.what()), hint).page());
    }
    let is_repository = matches!(site.path.as_slice(), [_] | [_, _] | [_, _, "tree" | "blob", ..]);
    is_repository.then(|| {
        let hint = "subscribe to it with `git:`, or write the URL of the chart repository, such as https://owner.github.io/name";
        let what = "is a Git repository, and a chart repository has an `index.yaml` at its URL";
        Misleading::unknown(what, hint).page()
    })
}
