//! The same services in other configuration languages, as somebody at home in each writes them: a
//! schema or an object of defaults with its checks, and one instance a service.

use super::project::Figures;

/// Each file's name and its text, which a line with a lone `@` parts into what stands before the
/// services, one service, and what stands after them.
const FILES: [(&str, &str); 3] = [
    ("services.k", include_str!("languages/services.k")),
    ("services.pkl", include_str!("languages/services.pkl")),
    (
        "services.jsonnet",
        include_str!("languages/services.jsonnet"),
    ),
];

/// Names and contents of the files.
pub(super) fn files(services: usize) -> impl Iterator<Item = (&'static str, String)> {
    FILES
        .into_iter()
        .map(move |(name, text)| (name, file(text, services)))
}

fn file(text: &str, services: usize) -> String {
    let mut parts = text.split("@\n");
    let mut part = || parts.next().unwrap_or_default();
    let (before, one, after) = (part(), part(), part());
    let all: String = (0..services).map(|n| service(one, n)).collect();
    format!("{before}{all}{after}")
}

fn service(one: &str, n: usize) -> String {
    let Figures {
        replicas,
        minor,
        port,
        db,
        published,
        team,
    } = Figures::of(n);
    let figures = [
        ("<n>", n),
        ("<replicas>", replicas),
        ("<minor>", minor),
        ("<port>", port),
        ("<db>", db),
        ("<published>", published),
        ("<team>", team),
    ];
    figures
        .into_iter()
        .fold(one.to_owned(), |text, (word, figure)| {
            text.replace(word, &figure.to_string())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_service_and_no_word_is_left() {
        for (name, text) in files(3) {
            for n in 0..3 {
                let image = format!("/svc-{n}:1.{n}.0");
                assert_eq!(text.matches(&image).count(), 1, "{name}");
            }
            for left in ["@", "<n>", "<port>", "<team>"] {
                assert!(!text.contains(left), "{name} has {left}");
            }
        }
    }
}
