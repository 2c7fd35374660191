//! MIME types: by name, then by the first bytes.

/// How much of a file decides whether it is binary, in bytes.
const HEAD: usize = 8192;

/// MIME type by extension, then by the first 8 KiB of contents.
#[must_use]
pub fn content_type(name: &str, head: &[u8]) -> &'static str {
    by_name(name).unwrap_or_else(|| by_contents(head))
}

/// Whether contents or extension say binary (NUL in the first 8 KiB, or a binary extension).
#[must_use]
pub fn is_binary(name: &str, head: &[u8]) -> bool {
    has_nul(head) || by_name(name).is_some_and(is_binary_type)
}

fn has_nul(head: &[u8]) -> bool {
    head[..head.len().min(HEAD)].contains(&0)
}

fn is_binary_type(content_type: &str) -> bool {
    let text_like = ["json", "xml", "yaml", "javascript", "x-sh", "toml", "sql", "x-codex-view", "x-subrip", "rtf"];
    match content_type.split_once('/') {
        Some(("text" | "message" | "multipart", _)) | None => false,
        Some(("image" | "audio" | "video" | "font" | "model", kind)) => !kind.ends_with("xml"),
        Some((_, kind)) => !text_like.iter().any(|text| kind.contains(text)),
    }
}

fn by_name(name: &str) -> Option<&'static str> {
    let mut buffer = [0; 12];
    match name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) {
        None => by_whole_name(name),
        Some((_, extension)) => {
            let lower = buffer.get_mut(..extension.len())?;
            lower.copy_from_slice(extension.as_bytes());
            lower.make_ascii_lowercase();
            let extension = std::str::from_utf8(lower).ok()?;
            text(extension)
                .or_else(|| media(extension))
                .or_else(|| binary(extension))
                .or_else(|| by_whole_name(name.split('.').next().unwrap_or(name)))
        }
    }
}

fn by_whole_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "Makefile" | "makefile" | "GNUmakefile" => "text/x-makefile",
        "Dockerfile" | "dockerfile" | "Containerfile" => "text/x-dockerfile",
        _ => return None,
    })
}

fn by_contents(head: &[u8]) -> &'static str {
    const MAGIC: [(&[u8], &str); 12] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"\x1f\x8b", "application/gzip"),
        (b"PK\x03\x04", "application/zip"),
        (b"PK\x05\x06", "application/zip"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (b"\x28\xb5\x2f\xfd", "application/zstd"),
        (b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
        (b"SQLite format 3\0", "application/vnd.sqlite3"),
        (b"\x7fELF", "application/x-executable"),
    ];
    let known = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind);
    known.unwrap_or(if has_nul(head) { "application/octet-stream" } else { "text/plain" })
}

/// Types that are read as text.
fn text(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "cdx" => "application/x-codex-view",
        "md" | "markdown" | "mkd" => "text/markdown",
        "txt" | "text" | "log" | "conf" | "cfg" | "ini" | "env" | "properties" | "out" | "err" | "fasta" | "fa"
        | "fastq" | "fq" | "pdb" | "cif" => "text/plain",
        "json" | "ipynb" | "geojson" | "webmanifest" => "application/json",
        "jsonl" | "ndjson" => "application/x-ndjson",
        "yaml" | "yml" => "application/yaml",
        "toml" => "application/toml",
        "xml" | "xsd" | "xsl" | "xslt" | "rss" | "atom" | "plist" => "application/xml",
        "html" | "htm" | "xhtml" => "text/html",
        "css" | "scss" | "sass" | "less" => "text/css",
        "csv" => "text/csv",
        "tsv" | "tab" => "text/tab-separated-values",
        "js" | "mjs" | "cjs" | "jsx" => "text/javascript",
        "ts" | "tsx" => "text/x-typescript",
        "vue" => "text/x-vue",
        "py" | "pyi" | "pyw" => "text/x-python",
        "r" | "rmd" => "text/x-r",
        "jl" => "text/x-julia",
        "m" => "text/x-matlab",
        "rs" => "text/x-rust",
        "go" => "text/x-go",
        "c" | "h" => "text/x-c",
        "cc" | "cpp" | "cxx" | "hpp" | "hh" | "cu" | "cuh" => "text/x-c++",
        "cs" => "text/x-csharp",
        "java" => "text/x-java",
        "kt" | "kts" => "text/x-kotlin",
        "scala" => "text/x-scala",
        "swift" => "text/x-swift",
        "rb" => "text/x-ruby",
        "pl" | "pm" => "text/x-perl",
        "php" => "text/x-php",
        "lua" => "text/x-lua",
        "hs" => "text/x-haskell",
        "ml" | "mli" => "text/x-ocaml",
        "ex" | "exs" => "text/x-elixir",
        "f" | "f90" | "f95" => "text/x-fortran",
        "sh" | "bash" | "zsh" | "fish" | "slurm" | "sbatch" => "text/x-shellscript",
        "ps1" => "text/x-powershell",
        "sql" => "application/sql",
        "tex" | "sty" | "cls" => "text/x-tex",
        "bib" => "text/x-bibtex",
        "rst" => "text/x-rst",
        "org" => "text/x-org",
        "adoc" => "text/asciidoc",
        "mk" => "text/x-makefile",
        "dockerfile" => "text/x-dockerfile",
        "cmake" => "text/x-cmake",
        "tf" | "hcl" => "text/x-hcl",
        "proto" => "text/x-protobuf",
        "diff" | "patch" => "text/x-diff",
        "dot" | "gv" => "text/vnd.graphviz",
        "ics" => "text/calendar",
        "vcf" => "text/vcard",
        "vtt" => "text/vtt",
        "srt" => "application/x-subrip",
        "rtf" => "application/rtf",
        "eml" => "message/rfc822",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// Images, sound, video and fonts.
fn media(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "png" => "image/png",
        "jpg" | "jpeg" | "jpe" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        "ico" => "image/vnd.microsoft.icon",
        "psd" => "image/vnd.adobe.photoshop",
        "jxl" => "image/jxl",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "flac" => "audio/flac",
        "m4a" => "audio/mp4",
        "aac" => "audio/aac",
        "aif" | "aiff" => "audio/aiff",
        "mid" | "midi" => "audio/midi",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "avi" => "video/x-msvideo",
        "mkv" => "video/x-matroska",
        "mpg" | "mpeg" => "video/mpeg",
        "ogv" => "video/ogg",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "stl" => "model/stl",
        "glb" => "model/gltf-binary",
        _ => return None,
    })
}

/// Archives, documents, weights and other things that are no text.
fn binary(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "pdf" => "application/pdf",
        "zip" | "whl" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "bz2" => "application/x-bzip2",
        "xz" => "application/x-xz",
        "zst" => "application/zstd",
        "7z" => "application/x-7z-compressed",
        "rar" => "application/vnd.rar",
        "tar" => "application/x-tar",
        "jar" => "application/java-archive",
        "doc" => "application/msword",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xls" => "application/vnd.ms-excel",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ppt" => "application/vnd.ms-powerpoint",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "odp" => "application/vnd.oasis.opendocument.presentation",
        "epub" => "application/epub+zip",
        "db" | "sqlite" | "sqlite3" => "application/vnd.sqlite3",
        "parquet" => "application/vnd.apache.parquet",
        "arrow" | "feather" => "application/vnd.apache.arrow.file",
        "h5" | "hdf5" => "application/x-hdf5",
        "nc" => "application/x-netcdf",
        "npy" | "npz" | "pkl" | "pickle" | "pt" | "pth" | "ckpt" | "safetensors" | "onnx" | "gguf" | "mat" | "bin"
        | "dat" | "o" | "a" | "dylib" | "pyc" | "rds" | "rdata" | "tfrecord" => "application/octet-stream",
        "so" => "application/x-sharedlib",
        "exe" | "dll" => "application/vnd.microsoft.portable-executable",
        "deb" => "application/vnd.debian.binary-package",
        "rpm" => "application/x-rpm",
        "iso" => "application/x-iso9660-image",
        "dmg" => "application/x-apple-diskimage",
        "wasm" => "application/wasm",
        "class" => "application/java-vm",
        _ => return None,
    })
}
