//! What the engine does where a spec says nothing, as the compiler's table of defaults has it: what
//! equals one of these is left out of plans, so a wrong row would change what runs.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::lab::Lab;

/// A service that says no more than it must, written past every tool that fills in more.
struct Bare<'l> {
    lab: &'l Lab,
    name: String,
}

impl<'l> Bare<'l> {
    fn create(lab: &'l Lab, replicas: u32, script: &str) -> Self {
        let bare = Self {
            lab,
            name: lab.name("bare"),
        };
        let (status, answer) = bare.post("/services/create", &bare.spec(replicas, script));
        assert!(status.contains("201"), "{status} {answer}");
        bare
    }

    fn spec(&self, replicas: u32, script: &str) -> Value {
        // The image itself asks to be killed at once.
        let container = json!({
            "Image": "skep-test/busybox:1",
            "Command": ["sh", "-c", script],
            "StopSignal": "SIGTERM",
        });
        json!({
            "Name": self.name,
            "TaskTemplate": {"ContainerSpec": container},
            "Mode": {"Replicated": {"Replicas": replicas}},
        })
    }

    fn post(&self, path: &str, body: &Value) -> (String, Value) {
        self.lab.request("POST", path, &body.to_string())
    }

    fn update(&self, replicas: u32, script: &str) {
        let version = self.service()["Version"]["Index"].clone();
        let path = format!("/services/{}/update?version={version}", self.name);
        let (status, answer) = self.post(&path, &self.spec(replicas, script));
        assert!(status.contains("200"), "{status} {answer}");
    }

    fn service(&self) -> Value {
        self.lab.ask(&format!("/services/{}", self.name))
    }

    /// Its tasks, the oldest first.
    fn tasks(&self) -> Vec<Value> {
        let path = format!(
            "/tasks?filters=%7B%22service%22%3A%5B%22{}%22%5D%7D",
            self.name
        );
        let mut tasks = self.lab.ask(&path).as_array().cloned().unwrap_or_default();
        tasks.sort_by_key(|task| task["CreatedAt"].to_string());
        tasks
    }

    fn wait_until_running(&self, wanted: usize) {
        self.lab.wait_until("its tasks run", || {
            let is_up = |task: &&Value| task["Status"]["State"] == "running";
            self.tasks().iter().filter(is_up).count() == wanted
        });
    }

    fn wait_for_update(&self, state: &str) -> Value {
        self.lab
            .wait_until(state, || self.service()["UpdateStatus"]["State"] == state);
        self.service()["UpdateStatus"].clone()
    }

    /// When a task's container was started, or ended.
    fn container(&self, task: &Value, moment: &str) -> Timestamp {
        let id = task["Status"]["ContainerStatus"]["ContainerID"].as_str();
        let path = format!("/containers/{}/json", id.expect("it had a container"));
        time(&self.lab.ask(&path)["State"][moment])
    }
}

fn time(value: &Value) -> Timestamp {
    let text = value.as_str().expect("a time is a text");
    text.parse().expect("the engine's own time")
}

/// Ends at once when it is told to.
const SLEEP: &str = "trap exit TERM; sleep 10000 & wait";

/// At least so many seconds, and not three more.
#[track_caller]
fn assert_about(took: SignedDuration, seconds: i64) {
    let least = SignedDuration::from_secs(seconds);
    assert!(
        took >= least && took < least + SignedDuration::from_secs(3),
        "{took}"
    );
}

#[test]
fn what_ends_is_started_anew_after_5_seconds_even_if_it_ended_well() {
    let lab = Lab::new();
    let bare = Bare::create(&lab, 1, "true");
    lab.wait_until("a second task has ended", || {
        let ended = |task: &&Value| task["Status"]["State"] == "complete";
        bare.tasks().iter().filter(ended).count() >= 2
    });
    let tasks = bare.tasks();
    let ended = bare.container(&tasks[0], "FinishedAt");
    assert_about(
        bare.container(&tasks[1], "StartedAt").duration_since(ended),
        5,
    );
}

#[test]
fn what_does_not_stop_is_killed_after_10_seconds() {
    let lab = Lab::new();
    let script = "trap '' TERM; while :; do sleep 1; done";
    let bare = Bare::create(&lab, 1, script);
    bare.wait_until_running(1);
    let task = bare.tasks().remove(0);
    let asked = Timestamp::now();
    bare.update(0, script);
    lab.wait_until("it was killed", || {
        bare.container(&task, "FinishedAt") > asked
    });
    assert_about(
        bare.container(&task, "FinishedAt").duration_since(asked),
        10,
    );
}

/// An old task ends before its successor is started, the next follows at once, and then the update
/// is watched for 5 seconds.
#[test]
fn an_update_goes_one_task_at_a_time_and_stops_the_old_one_first() {
    let lab = Lab::new();
    let bare = Bare::create(&lab, 2, SLEEP);
    bare.wait_until_running(2);
    let old = bare.tasks();
    bare.update(2, &SLEEP.replace("10000", "20000"));
    let status = bare.wait_for_update("completed");
    let took = time(&status["CompletedAt"]).duration_since(time(&status["StartedAt"]));
    let tasks = bare.tasks();
    let stopped = old.iter().map(|task| bare.container(task, "FinishedAt"));
    let started = tasks[2..]
        .iter()
        .map(|task| bare.container(task, "StartedAt"));
    let (mut stopped, mut started): (Vec<_>, Vec<_>) = (stopped.collect(), started.collect());
    stopped.sort();
    started.sort();
    assert!(stopped[0] <= started[0], "{stopped:?} {started:?}");
    assert!(
        started[0] <= stopped[1] && stopped[1] <= started[1],
        "{stopped:?} {started:?}"
    );
    let watched = took - started[1].duration_since(time(&status["StartedAt"]));
    assert_about(watched, 5);
}

/// The engine does not wait out the time that it watches a task before it goes on: when the first one
/// fails, the second may have been told to stop. No third one is.
#[test]
fn the_first_task_that_fails_pauses_an_update() {
    let lab = Lab::new();
    let bare = Bare::create(&lab, 4, SLEEP);
    bare.wait_until_running(4);
    bare.update(4, "exit 1");
    bare.wait_for_update("paused");
    let tasks = bare.tasks();
    let untouched = tasks[..4]
        .iter()
        .filter(|task| task["DesiredState"] == "running");
    let untouched = untouched.count();
    assert!(matches!(untouched, 2 | 3), "{untouched} of 4: {tasks:#?}");
}
