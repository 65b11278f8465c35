//! No secret is in a bundle, whichever way it was used.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use discovery_bundle::{Bundle, Replay};
use flate2::read::GzDecoder;
use warehouse_spec::{Subscription, Warehouse};
use warehouse_testkit::{Fault, Registry, When};

use crate::world::{Credentials, SECRETS, World, errors, record, replay};

fn text(bundle: &Bundle) -> String {
    let mut file = Vec::new();
    bundle.write(&mut file).unwrap();
    let mut text = String::new();
    GzDecoder::new(&*file).read_to_string(&mut text).unwrap();
    text
}

/// Fails where a secret, or what is made of it, is in the bundle.
#[track_caller]
fn check(bundle: &Bundle, secrets: &[&str]) {
    let text = text(bundle);
    for secret in secrets {
        for form in [(*secret).to_owned(), STANDARD.encode(secret), STANDARD.encode(format!("me:{secret}"))] {
            assert!(!text.contains(&form), "{secret} is in the bundle");
        }
    }
    let small = text.to_ascii_lowercase();
    for word in ["\"authorization\"", "set-cookie", "\"cookie\"", "basic ", "bearer ey"] {
        let without_challenges = small.replace("basic realm", "");
        assert!(!without_challenges.contains(word), "{word} is in the bundle");
    }
    assert!(!format!("{bundle:?} {:?}", Replay::new(bundle.clone())).contains(secrets[0]));
}

/// The tokens that clients sent to a registry.
fn tokens(registry: &Registry) -> Vec<String> {
    let sent = registry.log().all().into_iter().filter_map(|request| {
        request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned)
    });
    let mut tokens: Vec<_> = sent.collect();
    tokens.sort();
    tokens.dedup();
    tokens
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_and_tokens() {
    let world = World::start();
    let (recorded, bundle) = record(&world.warehouse(), Credentials).await;
    assert_eq!(errors(&recorded), [""; 0]);
    let tokens = tokens(&world.registry);
    assert!(tokens.len() >= 2, "{tokens:?}");
    let secrets: Vec<_> = SECRETS.iter().copied().chain(tokens.iter().map(String::as_str)).collect();
    check(&bundle, &secrets);
    assert!(text(&bundle).contains(r#"{\"token\":\"redacted\""#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_in_a_url_and_an_identity_token() {
    let world = World::start();
    let mut git = world.branch();
    git.repo_url = world.repository.url().replace("http://", "http://me:GIT-SECRET@");
    let warehouse = Warehouse::new("shop", vec![Subscription::new(git)]);
    let (recorded, bundle) = record(&warehouse, ()).await;
    assert_eq!(errors(&recorded), [""; 0]);
    check(&bundle, &SECRETS);
    assert!(!bundle.manifest().contains("me:"), "{}", bundle.manifest());
    let (replayed, _) = replay(&bundle, &warehouse).await;
    assert_eq!(errors(&replayed), [""; 0]);

    let registry =
        Registry::builder().bearer("me", SECRETS[0]).refresh_token("IDENTITY-SECRET").start().unwrap();
    registry.image("shop/web").tag("1.0.0").push();
    let image = warehouse_spec::ImageSubscription::new(format!("{}/shop/web", registry.host()));
    let warehouse = Warehouse::new("shop", vec![Subscription::new(image)]);
    let (recorded, bundle) =
        record(&warehouse, artifact_http::Credential::identity_token("IDENTITY-SECRET")).await;
    assert_eq!(errors(&recorded), [""; 0]);
    let tokens = tokens(&registry);
    check(&bundle, &[&["IDENTITY-SECRET"], &*tokens.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    let (replayed, _) = replay(&bundle, &warehouse).await;
    assert_eq!(errors(&replayed), [""; 0]);
    assert_eq!(replayed.freight(&warehouse).unwrap(), recorded.freight(&warehouse).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_servers_repeat_and_set() {
    let world = World::start();
    let page = format!(
        "<html>you are me with {} or {}</html>",
        SECRETS[2],
        STANDARD.encode(format!("me:{}", SECRETS[2]))
    );
    let reply = Fault::from(
        warehouse_testkit::Reply::status(403)
            .header("set-cookie", "session=COOKIE-SECRET; Secure")
            .header("content-type", "text/html")
            .header("x-request", "REGISTRY-SECRET")
            .body(page + " COOKIE-SECRET"),
    );
    world.charts.faults().add(When::any(), reply);
    let location = "/index.yaml?X-Amz-Signature=SIGNATURE-SECRET&X-Amz-Expires=60";
    let (recorded, bundle) = record(&world.warehouse(), Credentials).await;
    assert_eq!(recorded.failures().count(), 1);
    check(&bundle, &[&SECRETS[..], &["COOKIE-SECRET"]].concat());

    let world = World::start();
    world.charts.faults().add(When::get("/index.yaml").first(1), Fault::redirect(location));
    let (recorded, bundle) = record(&world.warehouse(), Credentials).await;
    assert_eq!(errors(&recorded), [""; 0]);
    check(&bundle, &[&SECRETS[..], &["SIGNATURE-SECRET"]].concat());
    let (replayed, replay) = replay(&bundle, &world.warehouse()).await;
    assert_eq!(errors(&replayed), [""; 0], "{:?}", replay.missing());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_in_the_encodings_of_others() {
    let password = "pa/ss+w\"ord&1";
    let encodings = [
        r#"pa/ss+w\"ord&1"#,
        r#"pa\/ss+w\"ord&1"#,
        r"pa\u002fss\u002Bw\u0022ord\u00261",
        "pa%2fss%2bw%22ord%261",
        "pa%2Fss%2bw%22ord%261",
        "pa/ss+w&quot;ord&amp;1",
    ];
    let page = format!(r#"{{"apiVersion":"v1","entries":{{}},"x":["{}"]}}"#, encodings.join(r#"",""#));
    let charts = warehouse_testkit::ChartServer::builder().basic("me", password).start().unwrap();
    charts.faults().add(When::any(), Fault::from(warehouse_testkit::Reply::status(200).body(page)));
    let chart = warehouse_spec::ChartSubscription::classic(charts.url(), "shop");
    let warehouse = Warehouse::new("shop", vec![Subscription::new(chart)]);
    let (_, bundle) = record(&warehouse, artifact_http::Credential::password("me", password)).await;
    let text = text(&bundle);
    assert!(text.contains("redacted-"), "{text}");
    for part in ["pa/", "pa\\", "pa%", "ord&", "ord\\", "ord%"] {
        assert!(!text.contains(part), "{part} is in the bundle: {text}");
    }
}
