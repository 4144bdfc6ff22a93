//! `skep explain`: where a value comes from, through components, items, parameters and environments.

mod support;

use support::{Project, snapshot};

const SPEC: &str = r#"project shop edition=1

param regions type=map { default north=1 south=2 }
param level default=info

defaults service { stop grace="20s"; env TEAM=shop }

component web {
    param image
    param copies type=int default=1
    param level
    service (var)name replicas=(var)param.copies {
        image (var)param.image
        env LOG=(var)param.level
        port http 80
        limits { memory "256MiB" }
    }
}
component pair {
    param level
    use web (fmt)"${name}-${each}" {
        each { front tag="1.0" copies=2; back tag="1.1" copies=1 }
        image (fmt)"registry.example.com/${each}:${each.tag}"
        copies (var)each.copies
        level (var)param.level
    }
}
use pair shop level=(var)param.level
use web (fmt)"region-${each}" {
    each (spread)param.regions
    image "registry.example.com/region:1"
    copies (var)each.value
    level debug
}
environment prod {
    set level warn
    patch service shop-front { limits memory="1GiB"; env { MORE 1 }; append command x }
    patch service "*" { stop grace="1m" }
    add service probe { image "registry.example.com/probe:1" }
}
"#;

#[test]
fn a_value_is_followed_to_what_decides_it() {
    let project = Project::empty();
    project.write("skep.kdl", SPEC);
    let mut all = String::new();
    for words in [
        &["explain", "service.shop-front", "-e", "prod"][..],
        &["explain", "service.probe", "-e", "prod"],
        &["explain", "service.shop-back.env.LOG"],
        &["explain", "service.region-north.replicas"],
        &["explain", "service.region-north.user"],
    ] {
        let ran = project.skep(words);
        let told = ran
            .stdout
            .split("\nWhat it became")
            .next()
            .unwrap_or_default();
        all.push_str(&format!("skep {}\n{told}{}\n", words.join(" "), ran.stderr));
    }
    snapshot("cli", "origins", &all);
}

#[test]
fn what_a_use_allows_is_allowed_in_what_it_makes() {
    let project = Project::empty();
    project.write(
        "skep.kdl",
        r#"project shop edition=1
allow SK5002 "the whole project knows"
component web {
    param image
    service (var)name { image (var)param.image }
}
use web front {
    image "registry.example.com/front"
    allow SK5001 "whoever pushes it restarts it"
}
use web back { image "registry.example.com/back:1.4" }
"#,
    );
    let allowed = |address: &str| -> Vec<String> {
        let told = project.skep(&["explain", address]).stdout;
        let lines = told.lines().filter(|line| line.contains("  allows "));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    let everywhere = "allows      SK5002: the whole project knows (skep.kdl:2)";
    let in_front = "allows      SK5001: whoever pushes it restarts it (skep.kdl:9)";
    assert_eq!(allowed("service.back"), [everywhere]);
    assert_eq!(allowed("service.front"), [everywhere, in_front]);
}
