//! Ways from a Warehouse, or from a server on the internet, into the network of the process. 127.0.0.1 plays the internet here, and the rest of
//! this machine the network that must not be reached.

use std::io::ErrorKind as IoErrorKind;
use std::net::TcpListener;

use warehouse_testkit::{ChartServer, Fault, Registry, Reply, When};

use super::lists::with_one_tag;
use super::stage::{Stage, branch, chart, image, warehouse};
use super::{Attack, Expected, Failure};

const REFUSED: Expected = Expected::Error(&["refused", "invalid manifest", "invalid input"]);

/// Addresses of the machine itself, of private networks and of metadata services, in the spellings that some parser takes for them.
const INSIDE: [&str; 25] = [
    "127.0.0.1",
    "127.0.0.2",
    "127.1",
    "2130706434",
    "0x7f000002",
    "0177.0.0.2",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.2]",
    "[::ffff:7f00:2]",
    "[64:ff9b::127.0.0.2]",
    "[2002:7f00:2::1]",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "a.localhost",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "[fd00::1]",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "metadata.google.internal",
];

pub(super) fn attacks() -> Vec<Attack> {
    let mut attacks = vec![
        Attack::new("egress/an image at each inside address", REFUSED, || {
            named(|host| format!("image: {{repoURL: \"{host}/demo/app\", imageSelectionStrategy: Lexical}}"))
        }),
        Attack::new("egress/a chart at each inside address", REFUSED, || {
            named(|host| format!("chart: {{repoURL: \"http://{host}/\", name: web}}"))
        }),
        Attack::new("egress/a Git repository at each inside address", REFUSED, || {
            named(|host| format!("git: {{repoURL: \"http://{host}/a.git\", branch: main}}"))
        }),
        Attack::new("egress/ssh, file and git", REFUSED, || {
            let urls =
                ["ssh://git@127.0.0.1/a", "git@127.0.0.1:a", "file:///etc", "file:///", "git://127.0.0.1/a"];
            let manifests = urls.map(|url| warehouse([format!("git: {{repoURL: \"{url}\", branch: main}}")]));
            Ok(each(manifests.to_vec()))
        }),
        Attack::new("egress/a certificate that is not checked", REFUSED, || {
            Ok(each(vec![warehouse([
                "image: {repoURL: \"127.0.0.1:1/a\", imageSelectionStrategy: Lexical, insecureSkipTLSVerify: true}",
            ])]))
        }),
    ];
    attacks.extend([
        of_registry("a redirect of the list", |inside| {
            Reply::redirect(307, format!("http://{inside}/v2/demo/app/tags/list"))
        }),
        of_registry("a realm", |inside| {
            Reply::status(401)
                .header("www-authenticate", format!("Bearer realm=\"http://{inside}/token\",service=\"x\""))
        }),
        of_registry("a next page", |inside| {
            Reply::status(200)
                .header("link", format!("<http://{inside}/v2/demo/app/tags/list>; rel=next"))
                .body(r#"{"tags":["1.0.0"]}"#)
        }),
    ]);
    attacks.push(Attack::new("egress/a redirect of an index", REFUSED, || {
        let (inside, canary) = canary()?;
        let charts = ChartServer::start()?;
        charts.faults().add(When::any(), Fault::redirect(format!("http://{inside}/index.yaml")));
        Ok(seen_by(canary, each(vec![warehouse([chart(&charts.url())])]).keeping(charts)))
    }));
    attacks.push(Attack::new("egress/a redirect of Git", REFUSED, || {
        let (inside, canary) = canary()?;
        let git = ChartServer::start()?;
        git.faults().add(
            When::any(),
            Fault::redirect(format!("http://{inside}/a.git/info/refs?service=git-upload-pack")),
        );
        Ok(seen_by(canary, each(vec![warehouse([branch(&format!("{}/a.git", git.url()), 3)])]).keeping(git)))
    }));
    attacks
}

/// A Warehouse for each inside address, at a port at which something listens.
fn named(subscription: impl Fn(&str) -> String) -> Result<Stage, Failure> {
    let listener = TcpListener::bind("0.0.0.0:0")?;
    let port = listener.local_addr()?.port();
    let manifests = INSIDE.iter().map(|host| warehouse([subscription(&format!("{host}:{port}"))])).collect();
    let mut stage = each(manifests);
    stage.task.has_internet = false;
    Ok(seen_by(listener, stage))
}

fn each(manifests: Vec<String>) -> Stage {
    let mut stage = Stage::of(String::new()).in_cluster(true).deadline(20);
    stage.task.manifests = manifests;
    stage
}

/// A server inside that must not be reached.
fn canary() -> Result<(String, TcpListener), Failure> {
    let listener = TcpListener::bind("127.0.0.2:0")?;
    Ok((listener.local_addr()?.to_string(), listener))
}

/// Fails if somebody connected to the listener.
fn seen_by(listener: TcpListener, stage: Stage) -> Stage {
    stage.checking(move |_| {
        listener.set_nonblocking(true).map_err(|error| error.to_string())?;
        match listener.accept() {
            Ok((_, peer)) => Err(format!("a connection from {peer} came to the inside server")),
            Err(error) if error.kind() == IoErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    })
}

/// A registry on the internet that leads to a server inside.
fn of_registry(what: &str, reply: impl Fn(&str) -> Reply + 'static) -> Attack {
    Attack::new(format!("egress/{what}"), REFUSED, move || {
        let (inside, canary) = canary()?;
        let registry: Registry = with_one_tag()?;
        registry.faults().add(When::path("/v2/**/tags/list"), reply(&inside));
        Ok(seen_by(canary, each(vec![warehouse([image(&registry.host())])]).keeping(registry)))
    })
}
