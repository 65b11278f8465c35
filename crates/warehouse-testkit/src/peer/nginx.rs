//! nginx over a folder.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::find;
use super::process::{Process, write};
use crate::error::Error;

/// nginx that serves a folder: `ETag`, `Last-Modified`, ranges, gzip.
#[derive(Debug)]
pub struct Nginx(Process);

impl Nginx {
    /// Serves this folder.
    ///
    /// # Errors
    ///
    /// [`Error::ProgramMissing`] if `nginx` is not installed; [`Error::ProgramFailed`] or [`Error::NotReady`] if it did not
    /// start.
    pub fn serve(root: &Path) -> Result<Self, Error> {
        Self::serve_with(root, "")
    }

    /// Serves this folder with more directives in its `server` block, e.g. `location /old/ { return 302 /new/; }`.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve).
    pub fn serve_with(root: &Path, directives: &str) -> Result<Self, Error> {
        let program = find("nginx")?;
        let process = Process::start("nginx", |address, folder| {
            let config = write(folder, "nginx.conf", &config(address, folder, root, directives))?;
            let mut command = Command::new(&program);
            command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(config);
            Ok(command)
        })?;
        Ok(Self(process))
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address())
    }
}

/// A whole configuration. Without a master there is one process, and killing it leaves none behind.
fn config(address: SocketAddr, folder: &Path, root: &Path, directives: &str) -> String {
    let (folder, root) = (folder.display(), root.display());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("    {name}_temp_path \"{folder}/{name}\";\n"))
        .collect();
    format!(
        r#"
daemon off;
master_process off;
pid "{folder}/pid";
error_log stderr;
events {{}}
http {{
    access_log off;
{temporary}
    types {{ text/yaml yaml yml; application/gzip tgz; application/json json; }}
    gzip on;
    gzip_types text/yaml application/json;
    gzip_min_length 0;
    server {{
        listen {address};
        root "{root}";
        {directives}
    }}
}}
"#
    )
}
