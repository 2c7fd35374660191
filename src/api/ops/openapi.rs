//! The description of the API: made from the handlers, completed by what is true of all of them.

use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, Ref, RefOr, SecurityRequirement};
use utoipa::{PartialSchema, ToSchema};

use crate::api::error::{ErrorBody, FieldError};

const ABOUT: &str = "A laboratory journal that is a filesystem, over HTTP. Every route answers with and without a slash \
    at its end. What a caller may not see is 404, what it may see but not do is 403.";

/// Adds title, licence and ways to sign in; gives every operation a name of its own; says once what is answered by all.
pub(in crate::api) fn describe(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("Codex")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let components = api.components.get_or_insert_with(Components::new);
    for (name, schema) in [(ErrorBody::name(), ErrorBody::schema()), (FieldError::name(), FieldError::schema())] {
        components.schemas.insert(name.into_owned(), schema);
    }
    add_security(components);
    // The rest of a path is one parameter in the description, which knows no sign for it.
    let paths = std::mem::take(&mut api.paths.paths);
    api.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(name_of(&method, path));
            share_refusals(operation, components);
        }
    }
    let either = ["bearer", "cookie"].map(|name| SecurityRequirement::new::<_, _, String>(name, []));
    api.security = Some(either.into());
    api
}

fn add_security(components: &mut Components) {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token of `/api/v1/users/token`, or a personal access token (`cdx_…`)"))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description("access_token", "Set by `/api/v1/users/token` for browsers");
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, item.get.as_mut()),
        (HttpMethod::Post, item.post.as_mut()),
        (HttpMethod::Put, item.put.as_mut()),
        (HttpMethod::Patch, item.patch.as_mut()),
        (HttpMethod::Delete, item.delete.as_mut()),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation?)))
}

/// `get_workspaces_ws_notebooks`: handlers of several nouns share a name, operations must not.
fn name_of(method: &HttpMethod, path: &str) -> String {
    let verb = match method {
        HttpMethod::Get => "get",
        HttpMethod::Post => "post",
        HttpMethod::Put => "put",
        HttpMethod::Patch => "patch",
        HttpMethod::Delete => "delete",
        HttpMethod::Options => "options",
        HttpMethod::Head => "head",
        HttpMethod::Trace => "trace",
    };
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(verb).chain(words).collect::<Vec<_>>().join("_")
}

/// What every operation may refuse stands once, and is referred to.
fn share_refusals(operation: &mut Operation, components: &mut Components) {
    for (status, response) in &mut operation.responses.responses {
        let is_refusal = status.starts_with(['4', '5']);
        if let (true, RefOr::T(said)) = (is_refusal, &*response) {
            let name = format!("Refused{status}");
            components.responses.entry(name.clone()).or_insert_with(|| RefOr::T(said.clone()));
            *response = RefOr::Ref(Ref::from_response_name(name));
        }
    }
}

/// GET `/openapi.json`.
pub(super) fn serve(json: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], json)
}
