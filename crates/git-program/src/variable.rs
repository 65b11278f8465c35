//! Variables of the environment.

/// The variables that make `git` use another repository than the one that it is pointed to, or another part of it.
///
/// With [`CONFIGURATION_VARIABLES`] they are what Git itself unsets before it runs in another repository
/// ([`git rev-parse --local-env-vars`](https://git-scm.com/docs/git-rev-parse#Documentation/git-rev-parse.txt---local-env-vars)), and
/// [`GIT_NAMESPACE`](https://git-scm.com/docs/gitnamespaces). A hook of Git has some of them set, so what is started from a hook has them, too.
pub const REPOSITORY_VARIABLES: [&str; 14] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// The variables that hold configuration of one command (`git -c`), which Git unsets before it runs in another repository
/// ([`git rev-parse --local-env-vars`](https://git-scm.com/docs/git-rev-parse#Documentation/git-rev-parse.txt---local-env-vars)). A caller
/// that works in the user's own repository leaves them: `GIT_CONFIG_COUNT` may have the credential of a workflow.
pub const CONFIGURATION_VARIABLES: [&str; 3] = ["GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"];
