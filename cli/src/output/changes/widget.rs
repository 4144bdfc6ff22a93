//! The three counts that GitLab's merge requests show of a plan.

use serde_json::{Value, json};
use skep_schema::change::Summary;

/// A replaced object counts as one that is made and one that goes, as in the plans GitLab knows.
pub(crate) fn widget(summary: &Summary) -> Value {
    let Summary {
        create,
        update,
        update_no_restart,
        replace,
        delete,
        adopt,
        forget,
        noop: _,
        tasks_restarted: _,
        downtime: _,
        data_loss: _,
    } = summary;
    json!({
        "create": create + replace,
        "update": update + update_no_restart + adopt + forget,
        "delete": delete + replace,
    })
}
