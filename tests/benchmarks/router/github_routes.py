"""A route table of the size and shape of a large public API (GitHub's REST API, as of its third version).

Strategy: data only. Parameters at one position have one name, because some routers insist on it.
"""

from __future__ import annotations

_TABLE = """
GET / /emojis /events /feeds /gitignore/templates /gitignore/templates/:name /licenses /licenses/:license
GET /meta /octocat /rate_limit /zen /versions /organizations /codes_of_conduct /codes_of_conduct/:key
POST /markdown /markdown/raw
GET /app /app/hook/config /app/hook/deliveries /app/installations /app/installations/:installation_id
GET /apps/:app_slug
PATCH /app/hook/config
POST /app/installations/:installation_id/access_tokens /app-manifests/:code/conversions
DELETE /app/installations/:installation_id /app/installations/:installation_id/suspended
PUT /app/installations/:installation_id/suspended
GET /applications/grants /applications/grants/:grant_id /authorizations /authorizations/:authorization_id
DELETE /applications/grants/:grant_id /authorizations/:authorization_id
POST /authorizations
PATCH /authorizations/:authorization_id
GET /gists /gists/public /gists/starred /gists/:gist_id /gists/:gist_id/comments /gists/:gist_id/commits
GET /gists/:gist_id/comments/:comment_id /gists/:gist_id/forks /gists/:gist_id/star /gists/:gist_id/:sha
POST /gists /gists/:gist_id/comments /gists/:gist_id/forks
PATCH /gists/:gist_id /gists/:gist_id/comments/:comment_id
PUT /gists/:gist_id/star
DELETE /gists/:gist_id /gists/:gist_id/comments/:comment_id /gists/:gist_id/star
GET /issues /notifications /notifications/threads/:thread_id /notifications/threads/:thread_id/subscription
PUT /notifications /notifications/threads/:thread_id/subscription
PATCH /notifications/threads/:thread_id
DELETE /notifications/threads/:thread_id/subscription
GET /networks/:owner/:repo/events
GET /orgs/:org /orgs/:org/events /orgs/:org/hooks /orgs/:org/hooks/:hook_id /orgs/:org/issues
GET /orgs/:org/members
GET /orgs/:org/members/:username /orgs/:org/memberships/:username /orgs/:org/public_members /orgs/:org/repos
GET /orgs/:org/public_members/:username /orgs/:org/teams /orgs/:org/teams/:team_slug /orgs/:org/blocks
GET /orgs/:org/teams/:team_slug/members /orgs/:org/teams/:team_slug/repos /orgs/:org/outside_collaborators
GET /orgs/:org/teams/:team_slug/discussions /orgs/:org/teams/:team_slug/discussions/:discussion_number
GET /orgs/:org/projects /orgs/:org/migrations /orgs/:org/migrations/:migration_id /orgs/:org/invitations
POST /orgs/:org/hooks /orgs/:org/repos /orgs/:org/teams /orgs/:org/projects /orgs/:org/migrations
POST /orgs/:org/hooks/:hook_id/pings /orgs/:org/teams/:team_slug/discussions /orgs/:org/invitations
PATCH /orgs/:org /orgs/:org/hooks/:hook_id /orgs/:org/teams/:team_slug
PUT /orgs/:org/memberships/:username /orgs/:org/public_members/:username /orgs/:org/blocks/:username
PUT /orgs/:org/teams/:team_slug/memberships/:username /orgs/:org/teams/:team_slug/repos/:owner/:repo
DELETE /orgs/:org/hooks/:hook_id /orgs/:org/members/:username /orgs/:org/public_members/:username
DELETE /orgs/:org/teams/:team_slug /orgs/:org/teams/:team_slug/memberships/:username
DELETE /orgs/:org/blocks/:username
GET /projects/:project_id /projects/:project_id/columns /projects/columns/:column_id
GET /projects/columns/:column_id/cards /projects/columns/cards/:card_id
PATCH /projects/:project_id /projects/columns/:column_id /projects/columns/cards/:card_id
POST /projects/:project_id/columns /projects/columns/:column_id/cards /projects/columns/:column_id/moves
DELETE /projects/:project_id /projects/columns/:column_id /projects/columns/cards/:card_id
GET /repos/:owner/:repo /repos/:owner/:repo/assignees /repos/:owner/:repo/assignees/:assignee
GET /repos/:owner/:repo/actions/runs /repos/:owner/:repo/actions/runs/:run_id
GET /repos/:owner/:repo/actions/workflows
GET /repos/:owner/:repo/actions/runs/:run_id/jobs /repos/:owner/:repo/actions/runs/:run_id/logs
GET /repos/:owner/:repo/actions/artifacts /repos/:owner/:repo/actions/artifacts/:artifact_id
GET /repos/:owner/:repo/actions/secrets /repos/:owner/:repo/actions/secrets/:secret_name
GET /repos/:owner/:repo/branches /repos/:owner/:repo/branches/:branch
GET /repos/:owner/:repo/branches/:branch/protection
GET /repos/:owner/:repo/check-runs/:check_run_id /repos/:owner/:repo/check-suites/:check_suite_id
GET /repos/:owner/:repo/collaborators /repos/:owner/:repo/collaborators/:username
GET /repos/:owner/:repo/comments
GET /repos/:owner/:repo/comments/:comment_id /repos/:owner/:repo/commits /repos/:owner/:repo/commits/:ref
GET /repos/:owner/:repo/commits/:ref/comments /repos/:owner/:repo/commits/:ref/status
GET /repos/:owner/:repo/commits/:ref/check-runs /repos/:owner/:repo/commits/:ref/pulls
GET /repos/:owner/:repo/compare/:basehead /repos/:owner/:repo/contents/:path
GET /repos/:owner/:repo/contributors
GET /repos/:owner/:repo/deployments /repos/:owner/:repo/deployments/:deployment_id
GET /repos/:owner/:repo/deployments/:deployment_id/statuses /repos/:owner/:repo/downloads
GET /repos/:owner/:repo/events
GET /repos/:owner/:repo/forks /repos/:owner/:repo/git/blobs/:file_sha
GET /repos/:owner/:repo/git/commits/:commit_sha
GET /repos/:owner/:repo/git/ref/:ref /repos/:owner/:repo/git/tags/:tag_sha
GET /repos/:owner/:repo/git/trees/:tree_sha
GET /repos/:owner/:repo/hooks /repos/:owner/:repo/hooks/:hook_id /repos/:owner/:repo/issues
GET /repos/:owner/:repo/issues/comments /repos/:owner/:repo/issues/comments/:comment_id
GET /repos/:owner/:repo/issues/events /repos/:owner/:repo/issues/events/:event_id
GET /repos/:owner/:repo/issues/:issue_number /repos/:owner/:repo/issues/:issue_number/comments
GET /repos/:owner/:repo/issues/:issue_number/events /repos/:owner/:repo/issues/:issue_number/labels
GET /repos/:owner/:repo/issues/:issue_number/timeline /repos/:owner/:repo/keys
GET /repos/:owner/:repo/keys/:key_id
GET /repos/:owner/:repo/labels /repos/:owner/:repo/labels/:name /repos/:owner/:repo/languages
GET /repos/:owner/:repo/license /repos/:owner/:repo/milestones
GET /repos/:owner/:repo/milestones/:milestone_number
GET /repos/:owner/:repo/milestones/:milestone_number/labels /repos/:owner/:repo/notifications
GET /repos/:owner/:repo/pages /repos/:owner/:repo/pages/builds /repos/:owner/:repo/pages/builds/latest
GET /repos/:owner/:repo/pages/builds/:build_id /repos/:owner/:repo/projects /repos/:owner/:repo/pulls
GET /repos/:owner/:repo/pulls/comments /repos/:owner/:repo/pulls/comments/:comment_id
GET /repos/:owner/:repo/pulls/:pull_number /repos/:owner/:repo/pulls/:pull_number/comments
GET /repos/:owner/:repo/pulls/:pull_number/commits /repos/:owner/:repo/pulls/:pull_number/files
GET /repos/:owner/:repo/pulls/:pull_number/merge /repos/:owner/:repo/pulls/:pull_number/reviews
GET /repos/:owner/:repo/pulls/:pull_number/reviews/:review_id /repos/:owner/:repo/readme
GET /repos/:owner/:repo/releases
GET /repos/:owner/:repo/releases/latest /repos/:owner/:repo/releases/tags/:tag
GET /repos/:owner/:repo/releases/assets/:id
GET /repos/:owner/:repo/releases/:release_id /repos/:owner/:repo/releases/:release_id/assets
GET /repos/:owner/:repo/stargazers /repos/:owner/:repo/stats/code_frequency
GET /repos/:owner/:repo/stats/contributors
GET /repos/:owner/:repo/stats/commit_activity /repos/:owner/:repo/stats/participation
GET /repos/:owner/:repo/stats/punch_card /repos/:owner/:repo/subscribers /repos/:owner/:repo/subscription
GET /repos/:owner/:repo/tags /repos/:owner/:repo/teams /repos/:owner/:repo/topics
GET /repos/:owner/:repo/traffic/views
PATCH /repos/:owner/:repo /repos/:owner/:repo/comments/:comment_id /repos/:owner/:repo/git/refs/:ref
PATCH /repos/:owner/:repo/hooks/:hook_id /repos/:owner/:repo/issues/:issue_number
PATCH /repos/:owner/:repo/labels/:name
PATCH /repos/:owner/:repo/issues/comments/:comment_id /repos/:owner/:repo/milestones/:milestone_number
PATCH /repos/:owner/:repo/pulls/:pull_number /repos/:owner/:repo/releases/:release_id
POST /repos/:owner/:repo/check-runs /repos/:owner/:repo/deployments /repos/:owner/:repo/dispatches
POST /repos/:owner/:repo/forks /repos/:owner/:repo/git/blobs /repos/:owner/:repo/git/commits
POST /repos/:owner/:repo/hooks
POST /repos/:owner/:repo/git/refs /repos/:owner/:repo/git/tags /repos/:owner/:repo/git/trees
POST /repos/:owner/:repo/issues /repos/:owner/:repo/issues/:issue_number/comments /repos/:owner/:repo/keys
POST /repos/:owner/:repo/issues/:issue_number/labels /repos/:owner/:repo/labels /repos/:owner/:repo/merges
POST /repos/:owner/:repo/milestones /repos/:owner/:repo/pulls /repos/:owner/:repo/releases
POST /repos/:owner/:repo/pulls/:pull_number/comments /repos/:owner/:repo/pulls/:pull_number/reviews
POST /repos/:owner/:repo/statuses/:sha /repos/:owner/:repo/transfer
PUT /repos/:owner/:repo/collaborators/:username /repos/:owner/:repo/contents/:path
PUT /repos/:owner/:repo/subscription
PUT /repos/:owner/:repo/issues/:issue_number/lock /repos/:owner/:repo/pulls/:pull_number/merge
DELETE /repos/:owner/:repo /repos/:owner/:repo/collaborators/:username
DELETE /repos/:owner/:repo/comments/:comment_id
DELETE /repos/:owner/:repo/contents/:path /repos/:owner/:repo/hooks/:hook_id
DELETE /repos/:owner/:repo/keys/:key_id
DELETE /repos/:owner/:repo/issues/:issue_number/lock /repos/:owner/:repo/labels/:name
GET /repositories /search/code /search/commits /search/issues /search/labels /search/repositories
GET /search/users
GET /teams/:team_id /teams/:team_id/members /teams/:team_id/repos
GET /user /user/emails /user/followers /user/following /user/following/:username /user/gpg_keys /user/issues
GET /user/keys
GET /user/keys/:key_id /user/orgs /user/repos /user/starred /user/starred/:owner/:repo /user/subscriptions
GET /user/teams
PATCH /user
POST /user/emails /user/keys /user/repos
PUT /user/following/:username /user/starred/:owner/:repo
DELETE /user/emails /user/following/:username /user/keys/:key_id /user/starred/:owner/:repo
GET /users /users/:username /users/:username/events /users/:username/followers /users/:username/following
GET /users/:username/gists /users/:username/keys /users/:username/orgs /users/:username/received_events
GET /users/:username/repos /users/:username/starred /users/:username/subscriptions
"""


def routes() -> list[tuple[str, str]]:
    """(method, pattern) pairs, in order; parameters are written `:name`."""
    lines = (line.split() for line in _TABLE.strip().splitlines())
    return [(method, pattern) for method, *patterns in lines for pattern in patterns]
