//! The description of the API: complete, frozen, and shown.

use super::Api;
use super::client::Ask;

#[test]
fn the_description_is_what_it_was() {
    insta::assert_snapshot!("openapi", cdx::api::openapi_json());
}

#[test]
fn the_description_is_served_and_its_page_loads_nothing_from_elsewhere() {
    let api = Api::start();
    let served = api.send(&Ask::new("GET", "/openapi.json")).expect(200);
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(
        served.to_string(),
        serde_json::from_str::<serde_json::Value>(&cdx::api::openapi_json()).unwrap().to_string()
    );
    let page = api.send(&Ask::new("GET", "/docs"));
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    for part in ["/docs/viewer.js", "/docs/viewer.css"] {
        assert!(page.text().contains(part), "{part}");
        let text = api.send(&Ask::new("GET", part)).text();
        assert!(!text.is_empty() && !text.contains("http://") && !text.contains("https://"), "{part}");
    }
}

/// Every reference leads somewhere, every operation says what it answers, and none is named twice.
#[test]
fn the_description_is_whole() {
    let api: serde_json::Value = serde_json::from_str(&cdx::api::openapi_json()).unwrap();
    let text = api.to_string();
    for (at, _) in text.match_indices("\"$ref\":\"#/components/schemas/") {
        let name = text[at + "\"$ref\":\"#/components/schemas/".len()..].split('"').next().unwrap();
        assert!(api["components"]["schemas"].get(name).is_some(), "{name} is referred to and not there");
    }
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at} shares its name");
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{at} says nothing of itself");
            assert!(
                operation["responses"]
                    .as_object()
                    .is_some_and(|all| all.keys().any(|status| status.starts_with('2') || status == "101")),
                "{at}"
            );
        }
    }
}
