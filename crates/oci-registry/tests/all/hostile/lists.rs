//! Lists of tags.

use std::sync::atomic::{AtomicUsize, Ordering};

use artifact_source::ErrorKind;
use warehouse_testkit::{Fault, Registry, RegistryBuilder, Reply, When};

use super::{MIB, Outcome, hint, raw_tags, tags_under};
use crate::raw::{Answer, answer};
use crate::setup::{repository, tag, with_image, with_tags};

const NO_LIST: &str = "the answer is not a list of tags";

fn reply(body: impl Into<String>) -> Reply {
    Reply::status(200).body(body.into())
}

const CIRCLE: &str = "the pages of the list of tags repeat";

/// Pages with these tags, each of which links to the page of that number; after the last link there is none.
async fn pages(tags: &'static [&'static str], links: &'static [usize]) -> Outcome<Vec<String>> {
    raw_tags(move |request| {
        let page = request.split("page=").nth(1).and_then(|rest| rest.split([' ', '&']).next()?.parse().ok());
        let page: usize = page.unwrap_or(0);
        let link =
            links.get(page).map(|next| format!("Link: </v2/demo/app/tags/list?page={next}>; rel=\"next\""));
        let headers: Vec<&str> = link.iter().map(String::as_str).collect();
        answer("200 OK", &headers, format!(r#"{{"tags": {}}}"#, tags.get(page).unwrap_or(&"null")))
    })
    .await
}

/// Listing the tags of a registry with five of them that behaves like this.
async fn five_tags_of(builder: RegistryBuilder) -> Outcome<Vec<String>> {
    let registry = with_tags(builder, 5);
    let repository = repository(&registry, None);
    Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await
}

#[tokio::test]
async fn a_link_that_repeats_the_request_is_not_the_end_of_a_list() {
    let all = ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "1.0.4"];
    // The whole list: nothing comes after its last tag.
    assert_eq!(five_tags_of(Registry::builder().echo_links()).await.taken(2), all);
    // The registry returns fewer tags than were asked for, and the link says the number that was asked for.
    assert_eq!(five_tags_of(Registry::builder().echo_links().page_size(4)).await.taken(3), all);
    assert_eq!(five_tags_of(Registry::builder().echo_links().page_size(5)).await.taken(2), all);
    assert_eq!(five_tags_of(Registry::builder().echo_links().page_size(2)).await.taken(4), all);
    assert_eq!(five_tags_of(Registry::builder().echo_links().page_size(1)).await.taken(6), all);
    // The first page is asked for without a size if the registry refuses the size.
    let refusing = Registry::builder().echo_links().page_size(2).refuse_larger_pages();
    assert_eq!(five_tags_of(refusing).await.taken(5), all);
}

#[tokio::test]
async fn a_link_that_repeats_the_request_is_an_error_if_the_registry_ignores_where_to_go_on() {
    let whole = five_tags_of(Registry::builder().echo_links().ignore_paging()).await;
    let error = whole.refused(ErrorKind::BadAnswer, CIRCLE, 2, MIB);
    hint(&error, "the list may be incomplete");
    // Without a link this is the whole list.
    assert_eq!(five_tags_of(Registry::builder().ignore_paging()).await.taken(1).len(), 5);
}

/// Some registries begin the next page with the tag after which it is to begin.
#[tokio::test]
async fn the_last_tag_again_is_the_end_of_a_list() {
    let outcome = raw_tags(|head| {
        let tags = if head.contains("last=b") { r#"["b"]"# } else { r#"["a", "b"]"# };
        answer("200 OK", &["Link: <?n=1000>; rel=next"], format!(r#"{{"tags": {tags}}}"#))
    });
    assert_eq!(outcome.await.taken(2), ["a", "b"]);
    // A list of one tag again says nothing.
    let outcome = raw_tags(|_| answer("200 OK", &["Link: <?n=1000>; rel=next"], r#"{"tags": ["a"]}"#));
    outcome.await.refused(ErrorKind::BadAnswer, CIRCLE, 2, MIB);
}

/// An empty page does not end a list whose link goes on, also where this client named the page itself.
#[tokio::test]
async fn no_page_with_a_link_that_goes_on_is_the_end_of_a_list() {
    for middle in ["[]", "null", r#"["b"]"#] {
        let outcome = raw_tags(move |head| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            let (tags, link) = match path {
                path if path.contains("z=1") => (r#"["c"]"#, None),
                path if path.contains("last=b") => (middle, Some("?z=1")),
                _ => (r#"["a", "b"]"#, Some("?n=1000")),
            };
            let link = link.map(|link| format!("Link: <{link}>; rel=next"));
            let headers: Vec<&str> = link.iter().map(String::as_str).collect();
            answer("200 OK", &headers, format!(r#"{{"tags": {tags}}}"#))
        });
        assert_eq!(outcome.await.taken(3), ["a", "b", "c"], "{middle}");
    }
    // The links of the pages after the last tag lead to nothing but such pages.
    for last in ["[]", r#"["b"]"#] {
        let outcome = raw_tags(move |head| {
            let (tags, link) = match head.contains("last=b") {
                true => (last, "?last=b&n=50"),
                false => (r#"["a", "b"]"#, "?n=1000"),
            };
            answer("200 OK", &[&format!("Link: <{link}>; rel=next")], format!(r#"{{"tags": {tags}}}"#))
        });
        assert_eq!(outcome.await.taken(3), ["a", "b"], "{last}");
    }
}

/// Whatever the page size is and wherever the links lead back to, the list is whole or an error.
#[tokio::test]
async fn no_link_back_makes_a_list_shorter() {
    const TAGS: usize = 7;
    for size in 1..=TAGS {
        for honours_last in [true, false] {
            for back in [None, Some(""), Some("?n=1000"), Some("?last=1.0.0")] {
                let outcome = raw_tags(move |head| {
                    let asked = head.split("last=").nth(1).and_then(|rest| rest.split([' ', '&']).next());
                    let asked = asked.filter(|_| honours_last).unwrap_or("");
                    let tags: Vec<String> = (0..TAGS).map(tag).filter(|tag| tag.as_str() > asked).collect();
                    let page = &tags[..size.min(tags.len())];
                    let echo = head.split(' ').nth(1).unwrap_or_default();
                    let link = format!(
                        "Link: <{}>; rel=next",
                        back.map_or(echo.to_owned(), |query| format!("/v2/demo/app/tags/list{query}"))
                    );
                    answer("200 OK", &[&link], serde_json::json!({ "tags": page }).to_string())
                })
                .await;
                match outcome.result {
                    Ok(tags) => assert_eq!((tags.len(), honours_last), (TAGS, true), "{size} {back:?}"),
                    Err(error) => {
                        assert_eq!((error.message(), honours_last), (CIRCLE, false), "{size} {back:?}")
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_link_loop_is_not_the_end_of_a_list() {
    pages(&[r#"["a"]"#, r#"["b"]"#], &[1, 1]).await.refused(ErrorKind::BadAnswer, CIRCLE, 3, MIB);
    pages(&[r#"["a"]"#, r#"["b"]"#, r#"["c"]"#], &[1, 2, 1]).await.refused(
        ErrorKind::BadAnswer,
        CIRCLE,
        4,
        MIB,
    );
}

#[tokio::test]
async fn empty_and_repeated_pages_are_not_the_end_of_a_list() {
    for middle in ["[]", "null", r#"["a"]"#] {
        let tags: &'static [&'static str] = vec![r#"["a", "b"]"#, middle, middle, r#"["c"]"#].leak();
        assert_eq!(pages(tags, &[1, 2, 3]).await.taken(4), ["a", "b", "c"], "{middle}");
    }
    assert_eq!(pages(&["[]", "[]", r#"["a"]"#], &[1, 2]).await.taken(3), ["a"]);
}

#[tokio::test]
async fn endless_pages_without_new_tags_are_an_error() {
    let pages = AtomicUsize::new(0);
    let outcome = raw_tags(move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        let link = format!("Link: </v2/demo/app/tags/list?page={page}>; rel=\"next\"");
        answer("200 OK", &[&link], format!(r#"{{"tags": ["{}"]}}"#, ["a", "b"][page % 2]))
    })
    .await;
    outcome.refused(ErrorKind::BadAnswer, CIRCLE, 2 + 101, MIB);
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let foreign = Registry::start().unwrap();
    for next in [format!("{}/v2/demo/app/tags/list", foreign.url()), format!("//{}/x", foreign.host())] {
        let message = format!("the next page of the list of tags is at another host, {}", foreign.url());
        let error = tags_under(Fault::link(next)).await.refused(ErrorKind::Refused, &message, 1, MIB);
        hint(&error, &format!("if {} is the registry's name, use it in the repoURL", foreign.url()));
    }
    assert_eq!(foreign.log().counters().requests, 0, "it was not asked");
}

#[tokio::test]
async fn a_link_to_a_file_is_not_followed() {
    let message = "the next page of the list of tags is at another host, file://";
    tags_under(Fault::link("file:///etc/passwd")).await.refused(ErrorKind::Refused, message, 1, MIB);
}

#[tokio::test]
async fn a_link_to_an_invalid_url() {
    let message = "the next page's URL is not valid";
    tags_under(Fault::link("http://[")).await.refused(ErrorKind::BadAnswer, message, 1, MIB);
}

#[tokio::test]
async fn ten_thousand_pages_are_read() {
    let registry = with_image(Registry::builder().page_size(1));
    registry.tag_numbered("demo/app", "1.0.0", 10_000).unwrap();
    let repository = repository(&registry, None);
    let tags = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(10_000);
    assert_eq!((tags.len(), tags[9_999].as_str()), (10_000, "t000000009999"));
}

#[tokio::test]
async fn endless_pages_end_after_ten_thousand() {
    let registry = with_image(Registry::builder().page_size(1));
    registry.tag_numbered("demo/app", "1.0.0", u64::MAX).unwrap();
    let repository = repository(&registry, None);
    let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
    outcome.refused(ErrorKind::TooLarge, "the list of tags is longer than 10000 pages", 10_000, MIB);
}

#[tokio::test]
async fn an_endless_page() {
    let message = "the answer is larger than 16777216 bytes";
    tags_under(Fault::endless()).await.refused(ErrorKind::TooLarge, message, 1, 17 * MIB);
}

#[tokio::test]
async fn a_page_with_a_length_of_400_mb_is_not_read() {
    let message = "the answer is larger than 16777216 bytes";
    tags_under(Fault::oversized(400 * MIB)).await.refused(ErrorKind::TooLarge, message, 1, 0);
}

#[tokio::test]
async fn a_page_that_is_a_gzip_bomb() {
    let message = "the answer is larger than 16777216 bytes";
    let bomb = Fault::GzipBomb { bytes: 4 << 30 };
    tags_under(bomb).await.refused(ErrorKind::TooLarge, message, 1, MIB);
}

#[tokio::test]
async fn a_truncated_page_is_retried_and_never_used_in_part() {
    let message = "the answer broke off before its end";
    tags_under(Fault::Truncate { keep: 10 }).await.refused(ErrorKind::BadAnswer, message, 4, 100);
}

/// Tags as long as they can be, a page of 100,000 after the other.
pub fn long_tags() -> impl Fn(&str) -> Answer {
    let pages = AtomicUsize::new(0);
    move |_| {
        let page = pages.fetch_add(1, Ordering::Relaxed);
        let tags: Vec<String> =
            (0..100_000).map(|tag| format!("\"{:0128}\"", page * 100_000 + tag)).collect();
        let link = format!("Link: </v2/demo/app/tags/list?last={page}>; rel=\"next\"");
        answer("200 OK", &[&link], format!(r#"{{"tags":[{}]}}"#, tags.join(",")))
    }
}

#[tokio::test]
async fn a_million_tags_of_128_bytes() {
    let message = "the list of tags is longer than 64 MiB of tags";
    raw_tags(long_tags()).await.refused(ErrorKind::TooLarge, message, 6, 80 * MIB);
}

#[tokio::test]
async fn more_than_a_million_tags() {
    let registry = with_image(Registry::builder().page_size(500_000));
    registry.tag_numbered("demo/app", "1.0.0", u64::MAX).unwrap();
    let repository = repository(&registry, None);
    let outcome = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await;
    let message = "the list of tags is longer than a million tags";
    // A page of a thousand is asked for and one of half a million would be given, so the server is not asked how many it likes.
    outcome.refused(ErrorKind::TooLarge, message, 1_001, 17 * MIB);
}

#[tokio::test]
async fn a_page_of_empty_tags() {
    let body = format!(r#"{{"tags":["a"{}]}}"#, r#","""#.repeat(5 << 20));
    assert_eq!(tags_under(reply(body)).await.taken(1), ["", "a"]);
}

#[tokio::test]
async fn an_invalid_tag_is_listed_and_never_requested() {
    let strange = ["", "..", "-a", "a b", "a/b", "\u{0}\n\u{1b}[31m", "ü", &"x".repeat(129)];
    let registry = with_image(Registry::builder());
    let body = serde_json::json!({ "tags": strange }).to_string();
    registry.faults().add(When::path("/v2/**/tags/list"), reply(body));
    let repository = repository(&registry, None);
    let tags = Outcome::of(async |call| Ok(repository.tags(call).await?.to_vec())).await.taken(1);
    assert_eq!(tags.len(), strange.len());
    for tag in tags {
        assert!(!oci_registry::is_tag(&tag), "{tag:?}");
        let outcome = Outcome::of(async |call| repository.manifest(&tag, call).await).await;
        let shown: String = tag.chars().take(128).collect();
        let message = format!("{shown:?} is neither a tag nor a digest");
        let error = outcome.refused(ErrorKind::InvalidInput, &message, 0, 0);
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
}

#[tokio::test]
async fn answers_that_are_not_lists() {
    let bodies = [
        "<html>".to_owned(),
        "[]".to_owned(),
        r#"{"tags": "a"}"#.to_owned(),
        r#"{"tags": ["a", 1]}"#.to_owned(),
        r#"{"tags": ["a"], "tags": ["b"]}"#.to_owned(),
        r#"{"tags": ["a"]}{"tags": ["b"]}"#.to_owned(),
        format!(r#"{{"tags": {}{}}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20)),
    ];
    for body in bodies {
        let error = tags_under(reply(body)).await.refused(ErrorKind::BadAnswer, NO_LIST, 1, 3 * MIB);
        hint(&error, "check that this is a registry");
    }
    tags_under(Fault::login_page()).await.refused(ErrorKind::BadAnswer, NO_LIST, 1, MIB);
}

#[tokio::test]
async fn deep_json_outside_the_tags() {
    let depth = 1 << 20;
    let body = format!(r#"{{"x": {}{}, "tags": ["a"]}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(tags_under(reply(body)).await.taken(1), ["a"]);
}

/// The list of a registry with pages of one tag, `a` and then `b`, whose first page has this header. `None` if it is an error.
async fn list_after(link: &'static str) -> Option<Vec<String>> {
    let outcome = raw_tags(move |head| match head.contains("last=a") {
        true => answer("200 OK", &[], r#"{"tags": ["b"]}"#),
        false => answer("200 OK", &[link], r#"{"tags": ["a"]}"#),
    })
    .await;
    match outcome.result {
        Ok(tags) => Some(tags),
        Err(error) => {
            assert!(!error.is_transient() && error.kind() != ErrorKind::NotFound, "{link}: {error}");
            assert!(error.hint().is_some(), "{link}: {error}");
            None
        }
    }
}

#[tokio::test]
async fn a_link_is_followed_in_every_form() {
    for link in [
        r#"Link: </v2/demo/app/tags/list?last=a&n=1>; rel="next""#,
        r#"link:</v2/demo/app/tags/list?last=a&n=1>;rel=next"#,
        r#"Link: </v2/demo/app/tags/list?last=a>; title="x, y"; rel="first NEXT""#,
        r#"Link: </v2/demo/app/tags/list>; rel="first", <?last=a>; rel="next""#,
        "Link: </x>; rel=prev\r\nLink: <list?last=a>; rel=next",
        "Link: </v2/demo/app/tags/list?last=a>; rel='next'",
        "Link: </v2/demo/app/tags/list?last=a>",
        "Link: /v2/demo/app/tags/list?last=a&n=50; rel=\"next\"",
        "Link: </demo/app/tags/list?last=a&n=1>; rel=\"next\"",
        "Link: </v2/app/tags/list?last=a>; rel=\"next\"",
    ] {
        assert_eq!(list_after(link).await, Some(vec!["a".to_owned(), "b".to_owned()]), "{link}");
    }
}

/// A relation that is none, at a page of the list, may be a misspelt `next`.
#[tokio::test]
async fn a_link_to_the_list_with_an_unknown_relation_is_followed() {
    for rel in [
        "\"next,\"",
        "\"next;\"",
        "\"next/\"",
        "\"next,last\"",
        "next|last",
        "%22next%22",
        "&quot;next&quot;",
        "`next`",
        "(next)",
        "\u{201c}next\u{201d}",
        r#""\"next\"""#,
        "\u{a0}next",
        "nextpage",
        "next-page",
        r#""last"; rel="next""#,
    ] {
        for path in ["/v2/demo/app/tags/list", "/demo/app/tags/list", ""] {
            let link = format!("Link: <{path}?last=a>; rel={rel}").leak();
            assert_eq!(list_after(link).await, Some(vec!["a".to_owned(), "b".to_owned()]), "{link}");
        }
    }
    // What is known leads elsewhere, and so does what is at another path.
    for link in [
        "Link: <?last=a>; rel=\"prev first\"",
        "Link: <?last=a>; rel=self",
        "Link: </style.css?last=a>; rel=nextpage",
    ] {
        assert_eq!(list_after(link).await, Some(vec!["a".to_owned()]), "{link}");
    }
}

#[tokio::test]
async fn a_link_that_cannot_be_followed_is_not_the_end_of_a_list() {
    for link in [
        "Link: </v2/demo/app/tags/list?last=a",
        "Link: </v2/demo/app/tags/list?last=a>; rel=\"next",
        "Link: </v2/demo/app/tags/list?last=a> rel=next",
        "Link: nonsense",
        "Link: </v2/demo/app/tags/list?last=a>; rel=next, </v2/demo/app/tags/list?last=b>; rel=next",
        "Link: </v2/demo/app/tags/page2>; rel=next",
        "Link: <https://elsewhere.invalid/v2/demo/app/tags/list?last=a>; rel=next",
    ] {
        assert_eq!(list_after(link).await, None, "{link}");
    }
}

#[tokio::test]
async fn several_next_pages_are_told_as_such() {
    let outcome = raw_tags(|_| {
        answer("200 OK", &["Link: <?last=a>; rel=next", "Link: <?last=b>; rel=next"], r#"{"tags": ["a"]}"#)
    });
    let message = "the Link header of the answer names several next pages";
    let error = outcome.await.refused(ErrorKind::BadAnswer, message, 1, MIB);
    hint(&error, "must name one next page");
}

/// Every change of one byte of a `Link` header gives the whole list or an error, never a shorter list.
#[tokio::test]
async fn no_damaged_link_makes_a_list_shorter() {
    let header = "Link: </v2/demo/app/tags/list?last=a&n=1>; rel=\"next\"";
    let mut complete = 0;
    for position in 6..header.len() {
        for spoil in ["", "\"", "<", ">", ";", ",", " ", "\\", "x", "/", "?"] {
            let mut spoiled = header.to_owned();
            spoiled.replace_range(position..=position, spoil);
            let is_empty = spoiled[6..].trim().is_empty();
            let list = list_after(spoiled.clone().leak()).await;
            match list.as_deref() {
                None => {}
                Some([_, _]) => complete += 1,
                Some(short) => assert!(is_empty, "{spoiled}: {short:?}"),
            }
        }
    }
    assert!(complete > 100, "only {complete} of them were followed");
}

#[tokio::test]
async fn a_repeated_first_page_is_not_the_whole_list() {
    // A proxy drops the query, so that the page is the same, whatever its size in the link.
    for link in ["?last=b&n=2", "?last=b&n=9", "?last=b"] {
        let repeated = raw_tags(move |_| {
            let link = format!("Link: </v2/demo/app/tags/list{link}>; rel=\"next\"");
            answer("200 OK", &[&link], r#"{"tags": ["a", "b"]}"#)
        });
        let error = repeated.await.refused(ErrorKind::BadAnswer, CIRCLE, 3, MIB);
        hint(&error, "may remove the query");
    }
    // What repeats in the middle does not end a list.
    let pages = AtomicUsize::new(0);
    let repeated = raw_tags(move |_| match pages.fetch_add(1, Ordering::Relaxed) {
        0 => answer("200 OK", &["Link: <?last=b&n=9>; rel=next"], r#"{"tags": ["a", "b"]}"#),
        1 => answer("200 OK", &["Link: <?last=c&n=9>; rel=next"], r#"{"tags": ["b", "b"]}"#),
        _ => answer("200 OK", &[], r#"{"tags": ["c"]}"#),
    });
    assert_eq!(repeated.await.taken(3), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_later_page_that_is_not_a_list_is_not_the_end_of_a_list() {
    for (status, body) in [
        ("200 OK", "{}"),
        ("200 OK", r#"{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}"#),
        ("200 OK", r#"{"name": "demo/app", "errors": [{"code": "UNKNOWN"}]}"#),
        ("206 Partial Content", r#"{"tags": ["b"]}"#),
        ("404 Not Found", r#"{"errors": [{"code": "NAME_UNKNOWN"}]}"#),
    ] {
        let outcome = raw_tags(move |head| match head.contains("last=a") {
            true => answer(status, &[], body),
            false => answer("200 OK", &["Link: <?last=a>; rel=next"], r#"{"tags": ["a"]}"#),
        })
        .await;
        let error = outcome.result.unwrap_err();
        assert!(!error.message().contains("there is no repository"), "{status} {body}: {error}");
    }
}
