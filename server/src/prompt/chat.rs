//! Prompts in the form of a conversation, for models that follow instructions: what is said, in the frame of the model's own
//! chat template. Pure. Owns the frame and the order of the parts; what is said is the business of [`crate::actions`], and what
//! has to go from a prompt that is too long, that of the engine, which counts the tokens.

use grammars::Notation;
use serde::{Deserialize, Serialize};

use super::{Prompt, Segment};
use crate::context::privacy::without_secrets;

/// What a model's chat template puts around texts. The template itself is a program (in Jinja); of what it can do only this is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatTemplate {
    pub before_system: String,
    /// Behind the system's text, before the user's.
    pub before_user: String,
    /// Behind the user's text, before the answer.
    pub before_answer: String,
    /// Behind an answer, before the user's next text.
    pub after_answer: String,
}

/// Who says something, as templates call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A conversation of texts that no template contains, so that each is found again in what it is rendered to.
const SAMPLE: [(Role, &str); 4] = [
    (Role::System, "2f4c-rules"),
    (Role::User, "9a1e-question"),
    (Role::Assistant, "7d3b-answer"),
    (Role::User, "5c8f-question"),
];

impl ChatTemplate {
    /// The frame that `render` puts around a sample conversation. `render` applies the model's template, up to where the model's
    /// next answer begins; `None` where it cannot.
    ///
    /// `None` also for a template that says things in another order.
    pub fn of(render: impl FnOnce(&[(Role, &str)]) -> Option<String>) -> Option<Self> {
        let rendered = render(&SAMPLE)?;
        let mut rest = rendered.as_str();
        let mut before = [""; SAMPLE.len()];
        for (before, (_, text)) in before.iter_mut().zip(SAMPLE) {
            (*before, rest) = rest.split_once(text)?;
        }
        // What stands before an old answer may differ from what invites a new one; the latter counts.
        let [before_system, before_user, _, after_answer] = before.map(str::to_owned);
        Some(Self {
            before_system,
            before_user,
            before_answer: rest.to_owned(),
            after_answer,
        })
    }
}

/// What is said to the model, up to the beginning of its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Messages {
    /// Who the model is and how it has to answer.
    pub system: String,
    /// What the user says, in this order.
    pub user: Vec<Part>,
    /// Answers that would not do, the oldest first.
    pub retries: Vec<Retry>,
    /// What the answer begins with, "```rust\n" say: the model goes on behind it, and it is not repeated in the answer.
    pub answer_head: String,
}

/// What is said by the user. Secret values may be in both kinds: the prompt has none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Helps, and is left out as a whole where the prompt is too long; the first goes first.
    Context(String),
    /// What the prompt makes no sense without: the instruction, the code to change.
    Needed(String),
}

/// One turn of the conversation: an answer, and why it would not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// All of it, with its head.
    pub answer: String,
    pub objection: String,
}

impl Messages {
    /// The prompt, without secret values, in the frame of the model's template. What was a prompt before is the head of the one with a retry more.
    /// Text of a document has been masked by its own notation where it was cut out; here the mildest one, that of code, counts for all else.
    pub fn prompt(&self, template: &ChatTemplate) -> Prompt {
        let mut segments = Vec::new();
        let frame = |text: &str| Segment::Template(text.to_owned());
        let text = |text: &str| Segment::Text(without_secrets(text, Notation::Code).into_owned());
        segments.extend([
            frame(&template.before_system),
            text(&self.system),
            frame(&template.before_user),
        ]);
        segments.extend(self.user.iter().map(|part| match part {
            Part::Context(text) => {
                Segment::Context(without_secrets(text, Notation::Code).into_owned())
            }
            Part::Needed(said) => text(said),
        }));
        segments.push(frame(&template.before_answer));
        for Retry { answer, objection } in &self.retries {
            // Cut where it was cut when the model wrote it, so that it is made of the same tokens.
            let rest = answer.strip_prefix(&self.answer_head);
            let head = rest.map_or("", |_| &self.answer_head);
            segments.extend([
                text(head),
                text(rest.unwrap_or(answer)),
                frame(&template.after_answer),
                text(objection),
                frame(&template.before_answer),
            ]);
        }
        segments.push(text(&self.answer_head));
        segments.retain(|segment| match segment {
            Segment::Text(text) | Segment::Context(text) | Segment::Template(text) => {
                !text.is_empty()
            }
            Segment::Special(_) => true,
        });
        Prompt {
            segments,
            healed: String::new(),
            avoided: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chatml(messages: &[(Role, &str)]) -> Option<String> {
        let turn = |(role, text): &(Role, &str)| {
            format!("<|im_start|>{}\n{text}<|im_end|>\n", role.name())
        };
        let turns: String = messages.iter().map(turn).collect();
        Some(turns + "<|im_start|>assistant\n")
    }

    #[test]
    fn frames_are_found() {
        // The second as llama.cpp renders it for Mistral, whose system text has no role of its own.
        type Render = fn(&[(Role, &str)]) -> Option<String>;
        let in_brackets: Render = |m| {
            let [system, user, answer, next] = [m[0].1, m[1].1, m[2].1, m[3].1];
            Some(format!(
                "<s>[INST] {system}\n\n{user} [/INST] {answer}</s>[INST] {next} [/INST]"
            ))
        };
        let cases: [(Render, [&str; 4]); 2] = [
            (
                chatml,
                [
                    "<|im_start|>system\n",
                    "<|im_end|>\n<|im_start|>user\n",
                    "<|im_end|>\n<|im_start|>assistant\n",
                    "<|im_end|>\n<|im_start|>user\n",
                ],
            ),
            (
                in_brackets,
                ["<s>[INST] ", "\n\n", " [/INST]", "</s>[INST] "],
            ),
        ];
        for (render, [before_system, before_user, before_answer, after_answer]) in cases {
            let expected = ChatTemplate {
                before_system: before_system.into(),
                before_user: before_user.into(),
                before_answer: before_answer.into(),
                after_answer: after_answer.into(),
            };
            assert_eq!(ChatTemplate::of(render), Some(expected));
        }
    }

    #[test]
    fn a_template_that_loses_or_moves_a_text_is_none() {
        let without_system = |messages: &[(Role, &str)]| chatml(&messages[1..]);
        let system_last = |messages: &[(Role, &str)]| {
            let mut messages = messages.to_vec();
            messages.rotate_left(1);
            chatml(&messages)
        };
        assert_eq!(ChatTemplate::of(without_system), None);
        assert_eq!(ChatTemplate::of(system_last), None);
        assert_eq!(ChatTemplate::of(|_| None), None);
    }

    fn asked() -> Messages {
        Messages {
            system: "Be brief.".into(),
            user: vec![
                Part::Context("a.rs\n".into()),
                Part::Needed("Mend <|im_end|>.".into()),
            ],
            retries: Vec::new(),
            answer_head: "```\n".into(),
        }
    }

    #[test]
    fn a_prompt_reads_as_the_template_would_render_it() {
        let template = ChatTemplate::of(chatml).unwrap();
        let mut messages = asked();
        let first = messages.prompt(&template);
        assert_eq!(
            first.to_string(),
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\na.rs\nMend <|im_end|>.<|im_end|>\n\
             <|im_start|>assistant\n```\n"
        );
        messages.retries.push(Retry {
            answer: "```\nx = \n```".into(),
            objection: "It does not parse.".into(),
        });
        let second = messages.prompt(&template);
        assert!(second.segments.starts_with(&first.segments), "{second}");
        assert!(
            second.to_string().ends_with(
                "assistant\n```\nx = \n```<|im_end|>\n<|im_start|>user\nIt does not parse.<|im_end|>\n\
                 <|im_start|>assistant\n```\n"
            ),
            "{second}"
        );
    }

    #[test]
    fn what_the_user_says_is_never_part_of_the_frame() {
        let template = ChatTemplate::of(chatml).unwrap();
        let prompt = asked().prompt(&template);
        let frame: String = prompt
            .segments
            .iter()
            .filter_map(|segment| match segment {
                Segment::Template(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert!(!frame.contains("Mend"), "{frame}");
        assert!(prompt.segments.contains(&Segment::Context("a.rs\n".into())));
    }
}
