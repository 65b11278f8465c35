//! Waiting: between tries, as long as is asked for, and for one's turn. A wait is never shorter than it says, which is all that
//! a busy machine lets a test assert.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifact_http::{Call, HttpClient, Pace, Request};

use crate::server::{Reply, Server, Then, answer};

/// A server that gives these answers, the last one again and again, and when it was asked.
async fn timed(replies: Vec<fn() -> Reply>) -> (Server, Arc<Mutex<Vec<Instant>>>) {
    let times = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&times);
    let server = Server::start(move |n, _| {
        log.lock().unwrap().push(Instant::now());
        replies[n.min(replies.len() - 1)]()
    })
    .await;
    (server, times)
}

fn gaps(times: &Mutex<Vec<Instant>>) -> Vec<u128> {
    times.lock().unwrap().windows(2).map(|pair| (pair[1] - pair[0]).as_millis()).collect()
}

#[tokio::test]
async fn each_failure_doubles_the_wait() {
    let failures: [fn() -> Reply; 3] =
        [|| answer("500 X", &[], ""), || answer("503 X", &[], ""), || Reply(Vec::new(), Then::Reset)];
    for failure in failures {
        let (server, times) = timed(vec![failure]).await;
        let client =
            HttpClient::builder().backoff(Duration::from_millis(100), Duration::from_millis(250)).build();
        let _ = client.unwrap().fetch(Request::get(&server.url), &Call::new()).await;
        let gaps = gaps(&times);
        assert!(gaps.len() == 3 && gaps[0] >= 50 && gaps[1] >= 100 && gaps[2] >= 125, "{gaps:?}");
    }
}

#[tokio::test]
async fn who_asks_to_be_left_alone_is_left_alone_for_so_long() {
    let (server, times) =
        timed(vec![|| answer("429 X", &["Retry-After: 1"], ""), || answer("200 OK", &[], "")]).await;
    let client =
        HttpClient::builder().backoff(Duration::from_millis(1), Duration::from_millis(1)).build().unwrap();
    let response = client.fetch(Request::get(&server.url), &Call::new()).await.unwrap();
    assert_eq!(response.status.as_u16(), 200);
    assert!(gaps(&times)[0] >= 1000, "{:?}", gaps(&times));
}

#[tokio::test]
async fn a_429_halves_the_rate_of_its_host() {
    let fine: fn() -> Reply = || answer("200 OK", &[], "");
    for (first, least) in [(fine, 50), (|| answer("429 X", &["Retry-After: 0"], ""), 100)] {
        let (server, times) = timed(vec![first, fine]).await;
        let host = server.url.strip_prefix("http://").unwrap();
        let client = HttpClient::builder()
            .backoff(Duration::from_millis(1), Duration::from_millis(1))
            .pace(Pace::unlimited().with_host(host, 20.0, 1))
            .build()
            .unwrap();
        let call = Call::new();
        let requests = (0..5).map(|_| client.fetch(Request::get(&server.url), &call));
        // One goes first, so that its answer is known to the others.
        client.fetch(Request::get(&server.url), &call).await.unwrap();
        let before = times.lock().unwrap().len();
        for request in requests {
            assert_eq!(request.await.unwrap().status.as_u16(), 200);
        }
        let taken = gaps(&times)[before - 1..].iter().sum::<u128>();
        assert!(taken >= 5 * least - 20, "{taken} ms for five requests");
    }
}

#[tokio::test]
async fn a_turn_that_would_come_too_late_is_not_waited_for() {
    let server = Server::start(|_, _| answer("200 OK", &[], "")).await;
    let host = server.url.strip_prefix("http://").unwrap();
    let client = HttpClient::builder().pace(Pace::unlimited().with_host(host, 0.01, 1)).build().unwrap();
    client.fetch(Request::get(&server.url), &Call::new()).await.unwrap();
    let call = Call::new().with_deadline(Instant::now() + Duration::from_secs(30));
    let error = client.fetch(Request::get(&server.url), &call).await.unwrap_err();
    assert_eq!(error.message(), "the pace set for the host leaves no time before the deadline");
    assert_eq!((call.meter.requests(), server.seen().len()), (0, 1));
}

/// Durations and rates that no clock can tell: nothing panics, and nothing is waited for that has no end.
#[tokio::test]
async fn absurd_settings_are_as_good_as_for_ever() {
    let forever = Duration::MAX;
    let patient = || HttpClient::builder().connect_timeout(forever).stall_timeout(forever);
    let (server, _) = timed(vec![|| answer("200 OK", &[], "here")]).await;
    for rate in [1e-300, 1e-20, 1e-19, 5e-324, f64::MAX] {
        let host = server.url.strip_prefix("http://").unwrap();
        let client = patient().pace(Pace::unlimited().with_host(host, rate, 2)).build().unwrap();
        let soon = || Call::new().with_deadline(Instant::now() + Duration::from_secs(3600));
        for _ in 0..2 {
            assert_eq!(
                client.fetch(Request::get(&server.url), &soon()).await.unwrap().body,
                "here",
                "{rate:e}"
            );
        }
        let third = client.fetch(Request::get(&server.url), &soon()).await.map(|response| response.body);
        match third {
            Ok(body) => assert!(rate == f64::MAX && body == "here", "{rate:e}"),
            Err(error) => assert_eq!(error.kind().as_str(), "timed out", "{rate:e}"),
        }
    }

    for head in ["X: y", "Retry-After: 18446744073709551615", "Retry-After: 9223372036854775807"] {
        let server = Server::start(move |_, _| answer("503 X", &[head], "")).await;
        let client = patient().backoff(forever, forever).longest_retry_after(forever).build().unwrap();
        let response = client.fetch(Request::get(&server.url), &Call::new()).await.unwrap();
        assert_eq!((response.status.as_u16(), server.seen().len()), (503, 1), "{head}");
    }
}
