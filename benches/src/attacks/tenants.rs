//! What a tenant does to get the Secret of another one, or what was read with it. The attacker is `team-a`.

use warehouse_testkit::{ChartServer, Registry, RequestLog, When};

use super::stage::{Outcome, Stage, chart, image, warehouse};
use super::{Attack, Expected, Failure};

pub(super) fn attacks() -> Vec<Attack> {
    let mut attacks = vec![
        Attack::new("tenants/the exact Secret of another namespace", NOTHING, || {
            let registry = locked()?;
            let host = registry.host();
            let stage = Stage::of(warehouse([image(&host)]))
                .with_secret("team-b", "image", format!("{host}/demo/app"))
                .with_secret("", "image", format!("{host}/demo/app"));
            Ok(unsigned(registry.log().clone(), stage).keeping(registry))
        }),
        Attack::new("tenants/a Secret for everything of another namespace", NOTHING, || {
            let registry = locked()?;
            let stage = Stage::of(warehouse([image(&registry.host())])).with_pattern("team-b", "image", ".*");
            Ok(unsigned(registry.log().clone(), stage).keeping(registry))
        }),
        Attack::new("tenants/beside the owner, at the same moment", Expected::Bounded, || {
            let registry = locked()?;
            let host = registry.host();
            let mut stage =
                Stage::of(String::new()).with_secret("team-b", "image", format!("{host}/demo/app"));
            stage.task.manifests = (0..40)
                .map(|number| {
                    let manifest = warehouse([image(&host)]);
                    if number % 2 == 0 { manifest } else { manifest.replace("team-a", "team-b") }
                })
                .collect();
            Ok(stage.keeping(registry).checking(|outcome: &Outcome| {
                let wrong = outcome.subscriptions.iter().enumerate().find(|(number, subscription)| {
                    let is_owner = number % 2 == 1;
                    subscription.error.is_empty() != is_owner || subscription.names.is_empty() == is_owner
                });
                wrong.map_or(Ok(()), |(number, got)| Err(format!("Warehouse {number} got {got:?}")))
            }))
        }),
    ];
    // A Secret that is shared for one folder of a server, and paths that are read as that folder or only look like it.
    for path in [
        "/good/../evil",
        "/good/%2e%2e/evil",
        "/good/%252e%252e/evil",
        "/good/%2525252e%2525252e/evil",
        "/good/..;/evil",
        "/good/%c0%ae%c0%ae/evil",
        "/good/..%2fevil",
        "/good/..%5cevil",
        "/evil?/good/",
        "/evil#/good/",
        "/evil/good/",
        "/goodness/evil",
        "//good/",
    ] {
        attacks.push(of_shared_folder(path));
    }
    attacks.push(Attack::new("tenants/a host that only looks like that of a shared Secret", REFUSED, || {
        let server = ChartServer::start()?;
        let port = server.url().rsplit(':').next().unwrap_or_default().to_owned();
        let mut stage =
            Stage::of(String::new()).with_pattern("shared", "helm", r"^https?://([^@/]+@)?github\.com/");
        stage.task.manifests = [
            format!("http://2130706433:{port}\\\\@github.com/org"),
            format!("http://127.0.0.1:{port}/@github.com/org"),
            format!("http://127.0.0.1:{port}#@github.com/org"),
            format!("http://github.com@127.0.0.1:{port}/org"),
            format!("http://github.com%2f@127.0.0.1:{port}/org"),
        ]
        .into_iter()
        .map(|url| warehouse([format!("chart: {{repoURL: \"{url}\", name: web}}")]))
        .collect();
        Ok(unsigned(server.log().clone(), stage.deadline(10)).keeping(server))
    }));
    attacks
}

const NOTHING: Expected = Expected::Error(&["unauthorized", "forbidden", "not found"]);
const REFUSED: Expected =
    Expected::Error(&["refused", "invalid manifest", "invalid input", "unauthorized", "not found"]);

/// A registry that requires the password.
fn locked() -> Result<Registry, Failure> {
    let registry = Registry::builder().basic("me", "SECRET").start()?;
    registry.image("demo/app").tag("1.0.0").push();
    Ok(registry)
}

fn of_shared_folder(path: &'static str) -> Attack {
    Attack::new(format!("tenants/a Secret of the folder /good, and {path}"), REFUSED, move || {
        let server = ChartServer::builder().basic("me", "SECRET").start()?;
        let url = server.url();
        let stage = Stage::of(warehouse([chart(&format!("\"{url}{path}\""))]))
            .with_pattern("shared", "helm", format!("^{}/good/", url.replace('.', r"\.")))
            .deadline(10);
        Ok(unsigned(server.log().clone(), stage).keeping(server))
    })
}

/// Fails if a request carried the password.
fn unsigned(log: RequestLog, stage: Stage) -> Stage {
    stage.checking(move |_| {
        match log.matching(&When::any()).iter().find(|request| request.header("authorization").is_some()) {
            Some(request) => Err(format!("the password was sent for {}", request.path)),
            None => Ok(()),
        }
    })
}
