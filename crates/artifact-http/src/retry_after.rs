//! Reading `Retry-After`.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, header};

/// How long the server asks to be left alone: `Retry-After` in seconds or as a date (RFC 9110,
/// section 10.2.3). A date is read beside the server's own `Date`, so that clocks need not agree; one
/// in the past is zero. `None` where there is no such header, or it makes no sense.
///
/// ```
/// use std::time::Duration;
/// use artifact_http::{HeaderMap, header, retry_after};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
/// headers.insert(header::RETRY_AFTER, "Sun, 06 Nov 1994 08:50:07 GMT".parse().unwrap());
/// assert_eq!(retry_after(&headers), Some(Duration::from_secs(30)));
/// ```
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // What does not fit is as good as for ever.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = date(headers, header::DATE).unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{value:?}");
    }

    #[test]
    fn table() {
        check("0", Some(0));
        check(" 120 ", Some(120));
        check("99999999999999999999999", Some(u64::MAX));
        check("Sun, 06 Nov 1994 08:49:39 GMT", Some(2));
        check("Sunday, 06-Nov-94 08:50:37 GMT", Some(60));
        check("Sun Nov  6 08:49:37 1994", Some(0));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("", None);
        check("-1", None);
        check("1.5", None);
        check("soon", None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    proptest::proptest! {
        #[test]
        fn noise_never_panics(value in "([0-9]{0,30}|[A-Za-z]{3},? [0-9]{1,2}[ -][A-Za-z]{3}[ -][0-9]{1,6} [0-9:]{0,9} GMT|[ -~]{0,40})") {
            let mut headers = HeaderMap::new();
            if let Ok(value) = http::HeaderValue::from_str(&value) {
                headers.insert(header::RETRY_AFTER, value.clone());
                headers.insert(header::DATE, value);
            }
            retry_after(&headers);
        }
    }
}
