//! Connections that are cut at any byte of what a push sends: to our registry, and to the reference registry and an old one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use artifact_http::Call;
use artifact_source::Error;
use oci_registry::{Digest, Repository};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use warehouse_testkit::Registry;
use warehouse_testkit::peer::{OldRegistry, ReferenceRegistry, available};

use super::{blob, manifest_of};
use crate::setup::client;

/// Passes bytes on, and cuts the connection on which the client sends this byte, once.
struct CuttingProxy {
    host: String,
    sent: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl CuttingProxy {
    async fn start(target: SocketAddr, cut_at: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let sent = Arc::new(AtomicU64::new(0));
        let left = Arc::new(AtomicI64::new(i64::try_from(cut_at).unwrap_or(i64::MAX)));
        let counter = Arc::clone(&sent);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target, Arc::clone(&left), Arc::clone(&counter)));
            }
        });
        Self { host, sent, task }
    }
}

async fn pass(
    mut client: TcpStream,
    target: SocketAddr,
    left: Arc<AtomicI64>,
    sent: Arc<AtomicU64>,
) -> Option<()> {
    let mut server = TcpStream::connect(target).await.ok()?;
    let (mut up, mut down) = (vec![0; 16 << 10], vec![0; 16 << 10]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let read = read.ok().filter(|read| *read > 0)?;
                sent.fetch_add(read as u64, Ordering::SeqCst);
                let before = left.fetch_sub(read as i64, Ordering::SeqCst);
                if before >= 0 && before < read as i64 {
                    // The server gets the bytes before the cut, and then the connection ends at both sides.
                    server.write_all(&up[..before as usize]).await.ok()?;
                    return None;
                }
                server.write_all(&up[..read]).await.ok()?;
            }
            read = server.read(&mut down) => {
                let read = read.ok().filter(|read| *read > 0)?;
                client.write_all(&down[..read]).await.ok()?;
            }
        }
    }
}

async fn push(repository: &Repository, seed: u64) -> Result<(), Error> {
    let (large, config) = (content(seed), format!("{{\"seed\":{seed}}}").into_bytes());
    let call = Call::new();
    repository.push_blob(config.clone(), &call).await?;
    repository.push_blob(large, &call).await?;
    repository.push_manifest(&format!("1.0.{seed}"), &manifest_of(&config), &call).await?;
    Ok(())
}

fn content(seed: u64) -> Vec<u8> {
    let mut bytes = blob(300 << 10);
    bytes.extend_from_slice(&seed.to_le_bytes());
    bytes
}

/// Pushes through a proxy that cuts at so many places, evenly spread over all that is sent.
async fn check(target: SocketAddr, places: u64) {
    let at = |host: &str| client(None).repository(&format!("{host}/demo/app")).unwrap();
    let whole = CuttingProxy::start(target, u64::MAX).await;
    push(&at(&whole.host), 0).await.unwrap();
    let length = whole.sent.load(Ordering::SeqCst);
    for place in 0..places {
        let (cut_at, seed) = (length * place / places, place + 1);
        let proxy = CuttingProxy::start(target, cut_at).await;
        push(&at(&proxy.host), seed)
            .await
            .unwrap_or_else(|error| panic!("cut at {cut_at} of {length}: {error}"));
        assert!(proxy.sent.load(Ordering::SeqCst) > length - 1024, "cut at {cut_at}");
        let (direct, call) = (at(&target.to_string()), Call::new());
        let digest = Digest::of(&content(seed));
        assert_eq!(direct.blob(&digest, u64::MAX, &call).await.unwrap(), content(seed), "cut at {cut_at}");
        let tag = format!("1.0.{seed}");
        assert_eq!(
            direct.manifest(&tag, &call).await.unwrap().digest,
            manifest_of(format!("{{\"seed\":{seed}}}").as_bytes()).digest()
        );
    }
}

#[tokio::test]
async fn a_push_survives_a_cut_at_any_byte() {
    let registry = Registry::start().unwrap();
    check(registry.address(), 48).await;
}

#[tokio::test]
async fn a_push_to_the_reference_registry_survives_a_cut_at_any_byte() {
    let Some(registry) = available(ReferenceRegistry::start()) else { return };
    check(registry.host().parse().unwrap(), 24).await;
}

#[tokio::test]
async fn a_push_to_an_old_registry_survives_a_cut_at_any_byte() {
    let Some(registry) = available(OldRegistry::start()) else { return };
    check(registry.host().parse().unwrap(), 24).await;
}
