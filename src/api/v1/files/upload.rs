//! POST `/workspaces/{ws}/notebooks/{nb}/files/upload`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt;
use multer::{Field, Multipart};
use parking_lot::Mutex;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{FileOut, inside};
use crate::api::error::{Answer, ApiError, Conflict, Full, Refusals};
use crate::api::extract::{InNotebook, NotebookPath, Query, Write};
use crate::engine::EngineError;
use crate::engine::edit::Arrived;
use crate::sys::Staged;

/// Bytes a second that an upload brings on average at the least; whoever has less than a modem had holds a descriptor and
/// room on the disk for nothing.
const SLOWEST: u32 = 1024;

/// What arrives is written in parts of at least so many bytes.
const PART: usize = 1 << 20;

/// So much may arrive before a part of the form is known, in bytes: headers are short.
const AHEAD_MAX: usize = 4 << 20;

/// The longest value of a field that is no file, in bytes.
const TEXT_MAX: usize = 8192;

/// How an upload is taken.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadParams {
    /// Whether a file that is there is replaced; may also stand in the form.
    #[serde(default)]
    #[param(default = false)]
    overwrite: bool,
}

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct Upload {
    /// The bytes.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Where it is to be; its own name in the notebook's root without, in a folder where it ends with `/`.
    #[schema(nullable = false)]
    path: Option<String>,
    /// Whether a file that is there is replaced.
    #[schema(nullable = false)]
    overwrite: Option<bool>,
}

/// What has arrived of a form.
#[derive(Default)]
struct Form {
    file: Option<(Staged, Option<String>)>,
    path: Option<String>,
    overwrite: Option<bool>,
}

/// Takes in a file of any size
///
/// It is streamed to disk and appears when all of it is there; of one that is cut off nothing is left.
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks/{nb}/files/upload",
    tag = "files",
    params(NotebookPath, UploadParams),
    request_body(content = Upload, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The file; it has replaced one that was there", body = FileOut),
        (status = 201, description = "The file; it is new", body = FileOut),
        Conflict,
        Full,
        Refusals
    )
)]
pub(super) async fn upload(
    at: InNotebook<Write>,
    Query(params): Query<UploadParams>,
    request: Request,
) -> Answer<Response> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(content_type.unwrap_or_default()).map_err(|_| {
        let detail = "multipart/form-data with a boundary is expected";
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    })?;
    let pace = Pace::new(at.app().config.body_patience);
    let mut arriving = Arriving::new(request.into_body(), boundary, pace);
    let form = read(&at, &mut arriving).await?;
    let Some((staged, own_name)) = form.file else {
        return Err(ApiError::invalid("file", "a file is expected"));
    };
    let path = path_of(form.path, own_name.as_deref())?;
    let overwrite = form.overwrite.unwrap_or(params.overwrite);
    // It may have taken hours to arrive.
    at.ask_again().await?;
    let placed = inside(&at, move |inside| {
        let path = inside.new_path("path", &path)?;
        let arrived = inside.engine.place_upload(inside.notebook, &path, staged, overwrite, inside.by)?;
        Ok((arrived, inside.show_at(&path)?))
    });
    let (arrived, file) = placed.await?;
    Ok(file.answer(match arrived {
        Arrived::Made => StatusCode::CREATED,
        Arrived::Replaced => StatusCode::OK,
    }))
}

/// A form as it arrives.
struct Arriving {
    parts: Multipart<'static>,
    pace: Pace,
}

/// How a form arrives; shared with the stream that it comes from.
#[derive(Clone)]
struct Pace(Arc<Pacing>);

struct Pacing {
    /// Bytes that have arrived and that nobody has seen: the parser keeps them until it knows what they are.
    ahead: AtomicUsize,
    /// How long nothing may come.
    patience: Duration,
    /// How long what comes next may take: what comes brings time with it, waiting for it costs time.
    left: Mutex<Duration>,
}

impl Pace {
    fn new(patience: Duration) -> Self {
        Self(Arc::new(Pacing { ahead: AtomicUsize::new(0), patience, left: Mutex::new(patience) }))
    }

    /// Takes in that so many bytes came; whether that is not too much of what nobody knows the meaning of.
    fn arrived(&self, bytes: usize) -> bool {
        let earned = Duration::from_secs(bytes as u64) / SLOWEST;
        let mut left = self.0.left.lock();
        *left = self.0.patience.min(left.saturating_add(earned));
        self.0.ahead.fetch_add(bytes, Ordering::Relaxed) <= AHEAD_MAX
    }

    /// What arrives next, if it does so in time.
    async fn next<T>(&self, next: impl Future<Output = Result<T, multer::Error>>) -> Answer<T> {
        let began = Instant::now();
        let left = *self.0.left.lock();
        let arrived = tokio::time::timeout(left, next).await;
        let mut left = self.0.left.lock();
        *left = left.saturating_sub(began.elapsed());
        match arrived {
            Ok(Ok(arrived)) => {
                self.0.ahead.store(0, Ordering::Relaxed);
                Ok(arrived)
            }
            Ok(Err(error)) => Err(ApiError::malformed("the form ended before its end, or is none").because(error)),
            Err(_) => Err(ApiError::malformed("the form took too long to arrive")),
        }
    }
}

impl Arriving {
    fn new(body: Body, boundary: String, pace: Pace) -> Self {
        let counted = pace.clone();
        let stream = body.into_data_stream().map(move |part| {
            let part = part.map_err(std::io::Error::other)?;
            let too_far_ahead = || std::io::Error::from(std::io::ErrorKind::InvalidData);
            if counted.arrived(part.len()) { Ok(part) } else { Err(too_far_ahead()) }
        });
        Self { parts: Multipart::new(stream, boundary), pace }
    }

    async fn next(&mut self) -> Answer<Option<Field<'static>>> {
        self.pace.next(self.parts.next_field()).await
    }
}

/// Reads a form; its file goes to disk as it arrives.
async fn read(at: &InNotebook<Write>, arriving: &mut Arriving) -> Answer<Form> {
    let mut form = Form::default();
    let pace = arriving.pace.clone();
    while let Some(field) = arriving.next().await? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "file" if form.file.is_none() => {
                let own_name = field.file_name().map(str::to_owned);
                form.file = Some((take_in(at, field, &pace).await?, own_name));
            }
            "path" if form.path.is_none() => form.path = Some(text_of(field, &pace).await?),
            "overwrite" if form.overwrite.is_none() => {
                let text = text_of(field, &pace).await?;
                let flag = match text.as_str() {
                    "true" => true,
                    "false" => false,
                    _ => return Err(ApiError::invalid("overwrite", "true or false is expected")),
                };
                form.overwrite = Some(flag);
            }
            "file" | "path" | "overwrite" => return Err(ApiError::invalid(name, "it stands in the form twice")),
            _ => return Err(ApiError::invalid(name, "`file`, `path` or `overwrite` is expected")),
        }
    }
    Ok(form)
}

/// Writes a file as it arrives, out of sight.
async fn take_in(at: &InNotebook<Write>, mut field: Field<'_>, pace: &Pace) -> Answer<Staged> {
    let (mut staged, room) = inside(at, |inside| {
        let room = inside.engine.room()?;
        Ok((inside.engine.begin_upload(inside.notebook)?, room))
    })
    .await?;
    let mut gathered = Vec::new();
    loop {
        let chunk = pace.next(field.chunk()).await?;
        gathered.extend_from_slice(chunk.as_deref().unwrap_or_default());
        if gathered.len() < PART && chunk.is_some() {
            continue;
        }
        if room.is_some_and(|room| staged.len() + gathered.len() as u64 > room) {
            let detail = "the file is larger than what the workspace has room for (`quota_bytes`)".to_owned();
            return Err(EngineError::Full(detail).into());
        }
        let part = std::mem::take(&mut gathered);
        staged = at.app().bridge.run(move || staged.append(&part).map(|()| staged)).await?;
        if chunk.is_none() {
            return Ok(staged);
        }
    }
}

async fn text_of(mut field: Field<'_>, pace: &Pace) -> Answer<String> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    while let Some(chunk) = pace.next(field.chunk()).await? {
        if bytes.len() + chunk.len() > TEXT_MAX {
            return Err(ApiError::invalid(name, format!("at most {TEXT_MAX} bytes are expected")));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| ApiError::malformed(format!("`{name}` is not UTF-8")))
}

/// Where the file is to be. Of its own name only the last part counts: browsers and others send folders of theirs.
fn path_of(path: Option<String>, own_name: Option<&str>) -> Answer<String> {
    let own = own_name.and_then(|name| name.rsplit(['/', '\\']).next()).filter(|name| !name.is_empty());
    match (path.filter(|path| !path.is_empty()), own) {
        (Some(folder), Some(own)) if folder.ends_with('/') => Ok(format!("{folder}{own}")),
        (Some(path), _) => Ok(path),
        (None, Some(own)) => Ok(own.to_owned()),
        (None, None) => Err(ApiError::invalid("path", "a path, or a file with a name, is expected")),
    }
}
