//! Parses one file and does nothing else: what `cargo xtask bench compile` measures beside Skep.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match words.as_slice() {
        [format, path] => std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| parse(format, &text)),
        _ => Err("usage: parse json|yaml|kdl FILE".to_owned()),
    };
    match parsed {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The tree is forgotten, since the end of the process frees it.
fn parse(format: &str, text: &str) -> Result<(), String> {
    match format {
        "json" => {
            let value: Result<serde_json::Value, _> = serde_json::from_str(text);
            value.map(std::mem::forget).map_err(|e| e.to_string())
        }
        "yaml" => {
            // Its default budget refuses some thousand services.
            let options = serde_saphyr::options! { budget: None };
            let value: Result<serde_json::Value, _> =
                serde_saphyr::from_str_with_options(text, options);
            value.map(std::mem::forget).map_err(|e| e.to_string())
        }
        "kdl" => {
            let document: Result<kdl::KdlDocument, _> = text.parse();
            document.map(std::mem::forget).map_err(|e| e.to_string())
        }
        other => Err(format!("no format `{other}`")),
    }
}
