//! As much of the Dockerfile format as our own uses: stages of instructions, with comments and continued lines.

/// A parsed Dockerfile.
#[derive(Debug)]
pub struct Dockerfile {
    pub(crate) stages: Vec<Stage>,
}

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: String,
    /// An image or an earlier stage.
    pub(crate) base: String,
    /// The keyword in upper case, and everything after it on one line.
    pub(crate) instructions: Vec<(String, String)>,
}

impl Dockerfile {
    /// # Errors
    /// When there is an instruction before the first `FROM`, or a `FROM` without `AS`.
    pub fn parse(text: &str) -> Result<Dockerfile, String> {
        let mut stages: Vec<Stage> = Vec::new();
        for line in logical_lines(text) {
            let (keyword, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
            let (keyword, rest) = (keyword.to_uppercase(), rest.trim().to_owned());
            if keyword == "FROM" {
                let words: Vec<&str> = rest.split_whitespace().collect();
                let [base, "AS", name] = words.as_slice() else {
                    return Err(format!(
                        "`FROM {rest}` should be `FROM image AS name`: stages are asked for by name"
                    ));
                };
                let (name, base) = ((*name).to_owned(), (*base).to_owned());
                stages.push(Stage {
                    name,
                    base,
                    instructions: Vec::new(),
                });
            } else {
                let stage = stages
                    .last_mut()
                    .ok_or_else(|| format!("`{line}` comes before the first FROM"))?;
                stage.instructions.push((keyword, rest));
            }
        }
        Ok(Dockerfile { stages })
    }

    pub(crate) fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// Whom a stage runs as, by its own last `USER` or that of its bases; empty when none says. None without the stage.
    pub(crate) fn user(&self, name: &str) -> Option<&str> {
        let stage = self.stage(name)?;
        stage
            .all("USER")
            .last()
            .or_else(|| self.user(&stage.base))
            .or(Some(""))
    }
}

impl Stage {
    /// What follows each instruction of this keyword in this stage itself, not in its bases.
    pub(crate) fn all<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        self.instructions
            .iter()
            .filter(move |(found, _)| found == keyword)
            .map(|(_, rest)| rest.as_str())
    }
}

fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for part in text
        .lines()
        .map(str::trim)
        .filter(|part| !part.is_empty() && !part.starts_with('#'))
    {
        match part.strip_suffix('\\') {
            Some(part) => line.push_str(part),
            None => {
                line.push_str(part);
                lines.push(std::mem::take(&mut line));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continued_lines_are_one_instruction_and_comments_none() {
        let text = "# a\nFROM debian AS base\nrun a \\\n  # in between\n  && b\nFROM base AS x\nEXPOSE 1\n";
        let parsed = Dockerfile::parse(text).unwrap();
        assert_eq!(
            parsed.stage("base").unwrap().instructions,
            [("RUN".to_owned(), "a && b".to_owned())]
        );
        assert_eq!(parsed.stage("x").unwrap().base, "base");
        assert_eq!(
            parsed.stage("x").unwrap().all("EXPOSE").collect::<Vec<_>>(),
            ["1"]
        );
    }

    #[test]
    fn stages_need_names() {
        assert!(
            Dockerfile::parse("FROM debian")
                .unwrap_err()
                .contains("FROM debian")
        );
        assert!(
            Dockerfile::parse("RUN a")
                .unwrap_err()
                .contains("before the first FROM")
        );
    }
}
