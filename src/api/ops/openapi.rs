//! The description of the API: made from the handlers, completed by what is true of all of them.

use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, SecurityRequirement};

const ABOUT: &str = "A laboratory journal that is a filesystem, over HTTP. Every route answers with and without a slash \
    at its end. What a caller may not see is 404, what it may see but not do is 403.";

/// Adds title, licence and ways to sign in.
pub(in crate::api) fn describe(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("Codex")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let components = api.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token of `/api/v1/users/token`, or a personal access token (`cdx_…`)"))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description("access_token", "Set by `/api/v1/users/token` for browsers");
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let either = ["bearer", "cookie"].map(|name| SecurityRequirement::new::<_, _, String>(name, []));
    api.security = Some(either.into());
    api
}

/// GET `/openapi.json`.
pub(super) async fn serve(json: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], json)
}
