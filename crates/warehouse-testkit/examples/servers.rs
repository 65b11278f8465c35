//! Starts a registry, a chart repository and a Git server with something in them, and keeps them until standard input ends:
//! `cargo run -p warehouse-testkit --example servers`. Then try `crane ls --insecure`, `helm show chart`, `git ls-remote`.

use std::io::Read;

use warehouse_testkit::{Chart, ChartServer, Commit, Error, GitServer, Registry};

fn main() -> Result<(), Error> {
    let registry = Registry::start()?;
    for version in ["1.0.0", "1.1.0", "2.0.0-rc.1"] {
        registry.image("demo/app").tag(version).platforms(["linux/amd64", "linux/arm64"]).push();
    }
    let charts = ChartServer::start()?;
    for version in ["0.1.0", "0.2.0"] {
        let chart = Chart::new("demo", version).app_version("1.1.0");
        charts.publish(&chart);
        registry.push_chart("charts", &chart);
    }
    println!("image   {}/demo/app", registry.host());
    println!("chart   oci://{}/charts/demo", registry.host());
    println!("charts  {}", charts.url());

    let git = GitServer::start()?;
    let repository = git.create("demo/app.git")?;
    let mut history = repository.history()?;
    let first = history.commit("main", Commit::new("First").file("README.md", "# Demo\n"));
    history.annotated_tag("v1.0.0", first, "Version 1.0.0");
    history.write()?;
    println!("git     {}", repository.url());

    println!("\nEnd of input (Ctrl-D) stops them.");
    // Neither what is typed nor why it ended is of interest.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    for log in [registry.log(), charts.log(), git.log()] {
        log.all().iter().for_each(|request| println!("{request}"));
    }
    Ok(())
}
