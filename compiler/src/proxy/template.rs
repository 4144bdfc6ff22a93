//! The templates' engines: one for each proxy that has templates, with that proxy's escape function.

use std::sync::LazyLock;

use serde::Serialize;
use tera::{Context, Kwargs, State, Tera};

use super::{haproxy, nginx};

static NGINX: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::new();
    tera.set_escape_fn(nginx::escape);
    with_template(tera, "nginx", skep_stdlib::proxy::NGINX)
});

static HAPROXY: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::new();
    tera.set_escape_fn(haproxy::escape);
    tera.register_filter("format", |text: &str, _: Kwargs, _: &State| {
        haproxy::format(text)
    });
    with_template(tera, "haproxy", skep_stdlib::proxy::HAPROXY)
});

pub(super) fn nginx(view: &impl Serialize) -> String {
    render(&NGINX, "nginx", view)
}

pub(super) fn haproxy(view: &impl Serialize) -> String {
    render(&HAPROXY, "haproxy", view)
}

fn with_template(mut tera: Tera, name: &'static str, text: &str) -> Tera {
    tera.autoescape_on([name]);
    tera.add_raw_template(name, text)
        .expect("an embedded template parses, which every test of its renderer shows");
    tera
}

fn render(tera: &Tera, name: &str, view: &impl Serialize) -> String {
    let context = Context::from_serialize(view).expect("a view is a struct of plain values");
    tera.render(name, &context)
        .expect("a template uses only what its view has, whatever the config")
}
