//! What the agents of a repository can do, guessed from what it is made of.
//!
//! Only names and a few words of files at its root are looked at, and where it is a workspace, of those one and two
//! folders below.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use veda_bus_core::name::Capability;

/// Files, and what they tell. `*` at the beginning is anything.
const FILES: [(&str, &str); 27] = [
    ("Cargo.toml", "rust"),
    ("package.json", "javascript"),
    ("tsconfig.json", "typescript"),
    ("pyproject.toml", "python"),
    ("requirements.txt", "python"),
    ("setup.py", "python"),
    ("go.mod", "go"),
    ("pom.xml", "java"),
    ("build.gradle", "java"),
    ("build.gradle.kts", "kotlin"),
    ("Gemfile", "ruby"),
    ("composer.json", "php"),
    ("mix.exs", "elixir"),
    ("Package.swift", "swift"),
    ("pubspec.yaml", "dart"),
    ("CMakeLists.txt", "cpp"),
    ("*.csproj", "dotnet"),
    ("*.sln", "dotnet"),
    ("*.tf", "terraform"),
    ("Dockerfile", "docker"),
    ("compose.yaml", "docker"),
    ("docker-compose.yml", "docker"),
    ("*.proto", "grpc"),
    ("openapi.yaml", "http_api"),
    ("openapi.yml", "http_api"),
    ("openapi.json", "http_api"),
    ("swagger.json", "http_api"),
];

/// Words in manifests, and what they tell.
const WORDS: [(&str, &str, &str); 19] = [
    ("package.json", "typescript", "typescript"),
    ("package.json", "react", "react"),
    ("package.json", "vue", "vue"),
    ("package.json", "svelte", "svelte"),
    ("package.json", "@angular/core", "angular"),
    ("package.json", "next", "nextjs"),
    ("package.json", "express", "http_api"),
    ("package.json", "fastify", "http_api"),
    ("package.json", "@nestjs/core", "http_api"),
    ("Cargo.toml", "axum", "http_api"),
    ("Cargo.toml", "actix-web", "http_api"),
    ("Cargo.toml", "tonic", "grpc"),
    ("pyproject.toml", "django", "django"),
    ("pyproject.toml", "fastapi", "http_api"),
    ("pyproject.toml", "flask", "http_api"),
    ("requirements.txt", "django", "django"),
    ("requirements.txt", "fastapi", "http_api"),
    ("requirements.txt", "flask", "http_api"),
    ("Gemfile", "rails", "rails"),
];

/// What makes a repository a workspace, and the word in it that does.
const WORKSPACES: [(&str, &str); 5] = [
    ("Cargo.toml", "workspace"),
    ("package.json", "workspaces"),
    ("pnpm-workspace.yaml", ""),
    ("go.work", ""),
    ("settings.gradle", ""),
];

/// Folders that are not the repository's own.
const FOREIGN: [&str; 6] = ["node_modules", "target", "vendor", "dist", "build", "venv"];

/// No more folders, names in one, or bytes of a manifest are looked at.
const MOST_FOLDERS: usize = 100;
const MOST_NAMES: usize = 1000;
const MOST_BYTES: u64 = 256 * 1024;

/// The guess, in the order of the alphabet.
pub(super) fn guess(folder: &Path) -> Vec<Capability> {
    let mut told = BTreeSet::new();
    let (mut folders, root) = look(folder, &mut told);
    if is_workspace(folder, &root) {
        let mut looked = 0;
        for _ in 0..2 {
            let mut inner = Vec::new();
            for folder in folders.iter().take(MOST_FOLDERS - looked) {
                inner.extend(look(folder, &mut told).0);
            }
            looked += folders.len().min(MOST_FOLDERS - looked);
            folders = inner;
        }
    }
    if told.contains("typescript") {
        told.remove("javascript");
    }
    told.into_iter().filter_map(|name| Capability::new(name).ok()).collect()
}

/// Adds what a folder tells; gives the folders in it, and the names of its files.
fn look(folder: &Path, told: &mut BTreeSet<&'static str>) -> (Vec<PathBuf>, Vec<String>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_NAMES);
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for entry in entries {
        let Ok(name) = entry.file_name().into_string() else { continue };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !name.starts_with('.') && !FOREIGN.contains(&&name[..]) => {
                folders.push(entry.path());
            }
            Ok(kind) if kind.is_file() => files.push(name),
            _ => {}
        }
    }
    folders.sort();
    for (pattern, tells) in FILES {
        let is = |name: &String| match pattern.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => name == pattern,
        };
        told.extend(files.iter().any(is).then_some(tells));
    }
    for name in files.iter().filter(|name| WORDS.iter().any(|(manifest, ..)| manifest == name)) {
        let words = words(&folder.join(name));
        let here = WORDS.iter().filter(|(manifest, ..)| manifest == name);
        told.extend(here.filter(|(_, word, _)| words.contains(*word)).map(|(.., tells)| *tells));
    }
    (folders, files)
}

fn is_workspace(folder: &Path, files: &[String]) -> bool {
    WORKSPACES.iter().any(|(manifest, word)| {
        files.iter().any(|name| name == manifest)
            && (word.is_empty() || words(&folder.join(manifest)).contains(*word))
    })
}

/// The words of a manifest: what a name of a package can be made of.
fn words(manifest: &Path) -> BTreeSet<String> {
    let mut text = String::new();
    let read = fs::File::open(manifest).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text));
    if read.is_err() {
        return BTreeSet::new();
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '@' | '/');
    text.split(|c| !is_part(c)).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        guess(folder.path()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn manifests_tell_what_a_repository_is_made_of() {
        assert!(guessed(&[]).is_empty());
        let react = r#"{ "dependencies": { "react": "^19", "react-dom": "^19" } }"#;
        assert_eq!(
            guessed(&[("package.json", react), ("Dockerfile", "")]),
            ["docker", "javascript", "react"]
        );
        let typed = r#"{ "devDependencies": { "typescript": "5" } }"#;
        assert_eq!(guessed(&[("package.json", typed)]), ["typescript"]);
        assert_eq!(
            guessed(&[("Cargo.toml", "[dependencies]\ntonic = \"1\""), ("a.proto", "")]),
            ["grpc", "rust"]
        );
        assert_eq!(guessed(&[("pyproject.toml", "dependencies = [\"FastAPI>=1\"]")]), ["http_api", "python"]);
    }

    #[test]
    fn only_workspaces_are_looked_into() {
        let inner = [("crates/a/Cargo.toml", ""), ("web/package.json", ""), ("node_modules/x/go.mod", "")];
        assert!(guessed(&inner).is_empty());
        let workspace = [&[("Cargo.toml", "[workspace]\n")][..], &inner].concat();
        assert_eq!(guessed(&workspace), ["javascript", "rust"]);
    }
}
