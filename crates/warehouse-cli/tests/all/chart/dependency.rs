//! `chart dependency lock` and `verify`.

use super::world::{Publishing, said};

#[test]
fn lock_verify_and_a_lock_out_of_step() {
    let world = Publishing::new();
    let ran = world.run(&["chart", "dependency", "lock", "charts/web"]);
    said(&ran, 0, &["charts/web/Chart.lock is written"]);
    assert_eq!(ran.out, "DEPENDENCY   VERSION   REPOSITORY\ncommon       1.4.0     file://../common\n");
    said(
        &world.run(&["chart", "dependency", "lock", "charts/web"]),
        0,
        &["charts/web/Chart.lock is up to date"],
    );
    said(&world.run(&["chart", "dependency", "verify", "charts/web"]), 0, &["the lock fits Chart.yaml"]);
    said(&world.run(&["chart", "dependency", "lock", "charts/alone"]), 0, &["the chart has no dependencies"]);

    let fields = std::fs::read_to_string(world.clone_folder().join("charts/web/Chart.yaml")).unwrap();
    world.write("charts/web/Chart.yaml", &fields.replace("^1.0.0", ">=1.4.0 <2"));
    let fields = fields.replace("^1.0.0", "^2.0.0");
    world.write("charts/web/Chart.yaml", &fields);
    let drift = "charts/web/Chart.lock: the lock is out of step with Chart.yaml: common 1.4.0 is not within the constraint \"^2.0.0\"\n";
    let remedy = "`warehouse chart dependency lock charts/web`";
    said(&world.run(&["chart", "dependency", "verify", "charts/web"]), 1, &[drift, remedy]);
    said(&world.run(&["chart", "package", "charts/web"]), 1, &[drift, remedy]);
    let ran = world.run(&["chart", "dependency", "lock", "charts/web"]);
    said(&ran, 1, &["common is wanted in the version \"^2.0.0\", and charts/common has 1.4.0", "help: "]);

    // The remedy works.
    world.write("charts/web/Chart.yaml", &fields.replace("^2.0.0", "~1.4.0"));
    said(&world.run(&["chart", "dependency", "lock", "charts/web"]), 0, &["charts/web/Chart.lock is"]);
    said(&world.run(&["chart", "dependency", "verify", "charts/web"]), 0, &[]);
    said(&world.run(&["chart", "dependency", "verify", "charts/no"]), 2, &["charts/no could not be read"]);
}
