//! Lists of names in messages.

/// `there is x`, `there are x, y`; cut short where that would fill the screen.
pub(crate) fn there_are<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 16;
    let all: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match all.len() {
        0 => "there is none".to_owned(),
        1 => format!("there is {}", all[0]),
        count if count > MOST => {
            format!(
                "there are {} and {} more",
                all[..MOST].join(", "),
                count - MOST
            )
        }
        _ => format!("there are {}", all.join(", ")),
    }
}
