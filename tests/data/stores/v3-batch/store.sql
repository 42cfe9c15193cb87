PRAGMA application_id=1685021549;
PRAGMA user_version=3;
BEGIN TRANSACTION;
CREATE TABLE answers (
  page_id INTEGER NOT NULL, recipe_id INTEGER NOT NULL, sample INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL, value TEXT, reason TEXT, message TEXT, passing INTEGER NOT NULL, runs INTEGER NOT NULL,
  request_id INTEGER, at INTEGER NOT NULL, PRIMARY KEY (page_id, recipe_id, sample)) WITHOUT ROWID;
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, request_id INTEGER NOT NULL, run_id INTEGER NOT NULL, state TEXT NOT NULL, budget_id INTEGER NOT NULL,
  reserved INTEGER, input_tokens INTEGER, cached_input_tokens INTEGER, output_tokens INTEGER, usage_source TEXT, cost INTEGER,
  verdict TEXT, error_kind TEXT, message TEXT, http_status INTEGER, server_request_id TEXT, latency_ms INTEGER,
  opened_at INTEGER NOT NULL, settled_at INTEGER, purpose TEXT, expected INTEGER, cache_write_tokens INTEGER, saved_by_cache INTEGER, saved_by_size INTEGER, batch_id INTEGER);
INSERT INTO "attempts" VALUES(1,1,1,'open',1,4651600000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795656385187,NULL,'ask',1868000000,NULL,NULL,NULL,1);
INSERT INTO "attempts" VALUES(2,2,1,'open',1,4651600000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795656385187,NULL,'ask',1868000000,NULL,NULL,NULL,1);
INSERT INTO "attempts" VALUES(3,3,1,'open',1,4651600000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795656385187,NULL,'ask',1868000000,NULL,NULL,NULL,1);
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, run_id INTEGER NOT NULL, job_id INTEGER NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  requests INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0,
  input_file TEXT, remote TEXT, message TEXT, price TEXT, made_at INTEGER NOT NULL, ended_at INTEGER);
INSERT INTO "batches" VALUES(1,'20261126T012623-3c757f-0',1,1,'stored','submitted',3,8380,26976,'file-5692161d100b05e5','batch_dbd238973a2b148a',NULL,'200000 50000 0 800000',1795656385142,NULL);
CREATE TABLE budget (id INTEGER PRIMARY KEY, scope TEXT NOT NULL UNIQUE, spent INTEGER NOT NULL, reserved INTEGER NOT NULL);
INSERT INTO "budget" VALUES(1,'job:@job@/endpoint:stored',0,13954800000);
CREATE TABLE endpoints (id TEXT PRIMARY KEY, capabilities TEXT, calibration TEXT, limits TEXT) WITHOUT ROWID;
CREATE TABLE "entries" (
  id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, line INTEGER NOT NULL DEFAULT 0, path BLOB NOT NULL, size INTEGER NOT NULL,
  mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, inode INTEGER NOT NULL, content BLOB, page_count INTEGER NOT NULL, selected TEXT,
  fault TEXT, message TEXT, carried TEXT, set_id INTEGER, settled_set INTEGER, UNIQUE (job_id, line, path));
INSERT INTO "entries" VALUES(1,1,0,X'622E706E67',240,0,1795656383102096280,10019030,X'FF2539E8BF0ADBAD7811BBBDF5D404388057F1942C55D7083A40E8A4E350FCB4',1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(2,1,0,X'632E706E67',248,0,1795656383101390005,10018913,X'FC68635482ED858DDF4051BC807C3C1D9B9D4CEFB3A585F63A7536A8A4E5D1DD',1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(3,1,0,X'612E706E67',250,0,1795656383101147250,10018883,X'361A62C810130C53BDFE4A8468F5A35B762F71A0277095402CCE64F0A8033CC9',1,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE jobs (id INTEGER PRIMARY KEY, identity BLOB NOT NULL UNIQUE, name TEXT NOT NULL, manifest TEXT NOT NULL, updated_at INTEGER NOT NULL);
INSERT INTO "jobs" VALUES(1,X'@job@','stored','version: 1
name: stored
input: {folder: pages, include: ["[abc].png"]}
provider: {base_url: "${PROVIDER}", id: stored, model: openai/gpt-4o-mini, price: {input: 0.40, cached_input: 0.10, output: 1.60}}
tasks:
  kind: {classify: {labels: [invoice, letter, form], other: true}}
  marks: {tag: {labels: [stamp, logo, seal], max: 2}}
  total: {extract: {schema: total.json}}
  signed: {question: {text: Is it signed?, type: boolean}}
  issued: {question: {text: When was it issued?, type: date}}
  share: {question: {text: Which share is covered?, type: number}}
limits: {concurrency: 2, budget_usd: 5.00, budget_scope: job}
on_error: {max_failed: 100%, stop_after: 0}
delivery: batch
batch: {poll: 50ms}
store: store.db
output: {csv: out.csv, parquet: out.parquet, jsonl: out.jsonl, report: report.json}
',1795656383240);
CREATE TABLE marks (page_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, blank INTEGER NOT NULL, fingerprint BLOB NOT NULL);
CREATE TABLE near (job_id INTEGER NOT NULL, page_id INTEGER NOT NULL, like_id INTEGER NOT NULL, distance INTEGER NOT NULL,
  PRIMARY KEY (job_id, page_id)) WITHOUT ROWID;
CREATE TABLE page_faults (page_id INTEGER PRIMARY KEY, decoder_version INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE pages (id INTEGER PRIMARY KEY, content BLOB NOT NULL, page INTEGER NOT NULL, UNIQUE (content, page));
INSERT INTO "pages" VALUES(1,X'361A62C810130C53BDFE4A8468F5A35B762F71A0277095402CCE64F0A8033CC9',1);
INSERT INTO "pages" VALUES(2,X'FF2539E8BF0ADBAD7811BBBDF5D404388057F1942C55D7083A40E8A4E350FCB4',1);
INSERT INTO "pages" VALUES(3,X'FC68635482ED858DDF4051BC807C3C1D9B9D4CEFB3A585F63A7536A8A4E5D1DD',1);
CREATE TABLE recipe_set_members (set_id INTEGER NOT NULL, position INTEGER NOT NULL, recipe_id INTEGER NOT NULL, PRIMARY KEY (set_id, position)) WITHOUT ROWID;
INSERT INTO "recipe_set_members" VALUES(1,0,1);
INSERT INTO "recipe_set_members" VALUES(1,1,2);
INSERT INTO "recipe_set_members" VALUES(1,2,3);
INSERT INTO "recipe_set_members" VALUES(1,3,4);
INSERT INTO "recipe_set_members" VALUES(1,4,5);
INSERT INTO "recipe_set_members" VALUES(1,5,6);
INSERT INTO "recipe_set_members" VALUES(2,0,1);
INSERT INTO "recipe_set_members" VALUES(2,1,2);
INSERT INTO "recipe_set_members" VALUES(2,2,3);
INSERT INTO "recipe_set_members" VALUES(2,3,4);
INSERT INTO "recipe_set_members" VALUES(2,4,5);
INSERT INTO "recipe_set_members" VALUES(2,5,6);
CREATE TABLE recipe_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
INSERT INTO "recipe_sets" VALUES(1,X'BA965CD150DD146482435E013F930BF751590598E927861A401A9BA37AB248C2');
INSERT INTO "recipe_sets" VALUES(2,X'EBF21D70442863D8900D97D3A7678E09E2BBB9032E491A01D57E7E41DF487110');
CREATE TABLE recipes (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body TEXT NOT NULL);
INSERT INTO "recipes" VALUES(1,X'F510D9280925FCD5043024F0C780E738C0149E4282F0B7C9CFB350F19A8D9703','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"min_side":null,"rule":"openai-tile","size":"standard","version":2},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"classify":"Which label describes the page best?","labels":[["invoice",null],["letter",null],["form",null],["other","None of the other labels fits."]]}}');
INSERT INTO "recipes" VALUES(2,X'D308D924F367605A7EC0D4935BEC21F5BB556464C38F2FBE29CCD7F10C96C7CB','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"min_side":null,"rule":"openai-tile","size":"standard","version":2},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"labels":[["stamp",null],["logo",null],["seal",null]],"max":2,"tag":"Which of these labels apply to the page?"}}');
INSERT INTO "recipes" VALUES(3,X'1EF3D0DFF167724551B5FB95F0C7DD0182BA61C11AEF9896E9B0E53C519A1C67','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"min_side":null,"rule":"openai-tile","size":"standard","version":2},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"extract":"Fill in what the page shows.","schema":{"additionalProperties":false,"properties":{"amount":{"type":["number","null"]},"count":{"type":"integer"},"due":{"format":"date","type":["string","null"]},"names":{"items":{"type":"string"},"type":["array","null"]},"paid":{"type":["boolean","null"]}},"required":["count","amount","due","paid","names"],"type":"object"}}}');
INSERT INTO "recipes" VALUES(4,X'08A712494785CD7106E66A7214002EF52BBC21984A22FD9495DC87CFFE364BB6','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"min_side":null,"rule":"openai-tile","size":"standard","version":2},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"question":"Is it signed?","required":false,"type":{"type":"boolean"}}}');
INSERT INTO "recipes" VALUES(5,X'269916BDC70B58461D60AC97176BEF1AE1C938CBC2F8D023366D8FF118A9189B','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"min_side":null,"rule":"openai-tile","size":"standard","version":2},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"question":"When was it issued?","required":false,"type":{"format":"date","type":"string"}}}');
INSERT INTO "recipes" VALUES(6,X'71D504B3B9DAD5FE5A8F04BD992AF3ADBDDA4C33BF92A2F70ED0D1B611FFD3CC','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"min_side":null,"rule":"openai-tile","size":"standard","version":2},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"question":"Which share is covered?","required":false,"type":{"type":"number"}}}');
CREATE TABLE requests (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, page_id INTEGER NOT NULL, set_id INTEGER NOT NULL);
INSERT INTO "requests" VALUES(1,1,1,2);
INSERT INTO "requests" VALUES(2,1,2,2);
INSERT INTO "requests" VALUES(3,1,3,2);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, job_id INTEGER NOT NULL, set_id INTEGER NOT NULL, model TEXT NOT NULL,
  tasks TEXT NOT NULL, started_at INTEGER NOT NULL, heartbeat INTEGER NOT NULL, first_attempt INTEGER NOT NULL, ended_at INTEGER, outcome TEXT, exit_code INTEGER, pages TEXT);
INSERT INTO "runs" VALUES(1,'20261126T012623-3c757f',1,1,'openai/gpt-4o-mini','[["kind",1],["marks",2],["total",3],["signed",4],["issued",5],["share",6]]',1795656383240,1795656385329,1,1795656385329,'interrupted',143,'{"total":3,"ok":0,"invalid":0,"refused":0,"failed":0,"pending":3,"skipped":0,"near":0,"value":0,"duplicate_value":0,"by_label":{}}');
CREATE INDEX runs_by_job ON runs (job_id, id);
CREATE INDEX requests_by_page ON requests (page_id);
CREATE INDEX attempts_by_request ON attempts (request_id);
CREATE INDEX entries_by_content ON entries (job_id, content, line, path);
CREATE INDEX entries_by_path ON entries (job_id, path);
CREATE INDEX attempts_by_batch ON attempts (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX batches_by_endpoint ON batches (endpoint, state);
COMMIT;
