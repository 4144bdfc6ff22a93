//! What the engine answered, kept for runs without one.

pub(crate) fn compare(answers: &[String]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../../snapshots/conformance");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("engine-1.41", answers.join("\n")));
}
