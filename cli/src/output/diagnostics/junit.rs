//! `JUnit` XML: a case for each diagnostic, which fails where the check does for its sake.

use std::fmt::Write;

use skep_compiler::Checked;
use skep_schema::diagnostic::{Diagnostic, Located};

use super::view::View;
use super::word;
use crate::output::xml::{escaped, quoted};

pub(super) fn render(
    checked: &Checked,
    view: &View,
    fails: &dyn Fn(&Diagnostic) -> bool,
) -> String {
    let all = &checked.diagnostics;
    let failures = all.iter().filter(|d| fails(d)).count();
    let cases = all.len().max(1);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"skep check\" tests=\"{cases}\" failures=\"{failures}\">\n\
         <testsuite name=\"skep check\" tests=\"{cases}\" failures=\"{failures}\" errors=\"0\">"
    );
    if all.is_empty() {
        out.push_str("  <testcase name=\"nothing is wrong\" classname=\"skep\"/>\n");
    }
    for diagnostic in all {
        let located = view.locate(diagnostic, &checked.sources);
        case(&mut out, &located, fails(diagnostic));
    }
    out.push_str("</testsuite>\n</testsuites>\n");
    out
}

fn case(out: &mut String, d: &Located, fails: bool) {
    let place = format!("{}:{}:{}", d.file, d.line, d.column);
    let told = format!(
        "{place}: {}[{}]: {}",
        word(d.severity),
        d.code,
        super::sentence(d)
    );
    let _ = writeln!(
        out,
        "  <testcase name={} classname={} file={} line=\"{}\">",
        quoted(&format!("{} {place}", d.code)),
        quoted(&d.file),
        quoted(&d.file),
        d.line
    );
    let _ = if fails {
        writeln!(
            out,
            "    <failure type=\"{}\" message={}>{}</failure>",
            d.code,
            quoted(&d.message),
            escaped(&told)
        )
    } else {
        writeln!(out, "    <system-out>{}</system-out>", escaped(&told))
    };
    out.push_str("  </testcase>\n");
}
