//! Draws a terminal's text with its colours as SVG.

use std::fmt::Write;

/// Of one letter, in pixels.
const WIDE: usize = 8;
const HIGH: usize = 18;
const EDGE: usize = 16;

/// How letters look, as a terminal was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Style {
    bold: bool,
    dim: bool,
    colour: Option<&'static str>,
}

pub(crate) fn draw(screen: &str) -> String {
    let lines: Vec<Vec<(Style, String)>> = screen.lines().map(pieces).collect();
    let letters = |line: &Vec<(Style, String)>| -> usize {
        line.iter().map(|(_, text)| text.chars().count()).sum()
    };
    let widest = lines.iter().map(letters).max().unwrap_or(0);
    let (width, height) = (widest * WIDE + 2 * EDGE, lines.len() * HIGH + 2 * EDGE);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n\
         <g font-family=\"ui-monospace,monospace\" font-size=\"13\" fill=\"#d7dae0\" xml:space=\"preserve\">\n"
    );
    for (number, line) in lines.iter().enumerate() {
        row(&mut out, EDGE + (number + 1) * HIGH - 5, line);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Each piece begins where its first letter stands, whatever the reader's font is like.
fn row(out: &mut String, y: usize, line: &[(Style, String)]) {
    let mut at = 0;
    for (style, text) in line {
        let count = text.chars().count();
        if !text.trim().is_empty() {
            let _ = writeln!(
                out,
                "<text x=\"{}\" y=\"{y}\" textLength=\"{}\"{}>{}</text>",
                EDGE + at * WIDE,
                count * WIDE,
                attributes(*style),
                escaped(text)
            );
        }
        at += count;
    }
}

fn attributes(style: Style) -> String {
    let Style { bold, dim, colour } = style;
    let mut out = String::new();
    if bold {
        out.push_str(" font-weight=\"bold\"");
    }
    if dim {
        out.push_str(" opacity=\"0.6\"");
    }
    if let Some(colour) = colour {
        let _ = write!(out, " fill=\"{colour}\"");
    }
    out
}

/// A line as runs of one style. A line that is typed is bold.
fn pieces(line: &str) -> Vec<(Style, String)> {
    let mut style = Style {
        bold: line.starts_with("$ "),
        ..Style::default()
    };
    let mut parts = line.split("\x1b[");
    let mut all = vec![(style, parts.next().unwrap_or_default().to_owned())];
    for part in parts {
        let (codes, text) = part.split_once('m').unwrap_or(("0", part));
        codes.split(';').for_each(|code| style = style.after(code));
        all.push((style, text.to_owned()));
    }
    all.retain(|(_, text)| !text.is_empty());
    all
}

impl Style {
    fn after(self, code: &str) -> Self {
        let colour = match code {
            "31" => "#ff7b72",
            "32" => "#7ee787",
            "33" => "#e3b341",
            "35" => "#d2a8ff",
            "36" => "#79c0ff",
            "1" => return Self { bold: true, ..self },
            "2" => return Self { dim: true, ..self },
            "0" | "" => return Self::default(),
            unknown => unreachable!("the picture knows no code {unknown}"),
        };
        Self {
            colour: Some(colour),
            ..self
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
