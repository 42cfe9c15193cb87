PRAGMA application_id=1685021549;
PRAGMA user_version=9;
BEGIN TRANSACTION;
CREATE TABLE answers (
  page_id INTEGER NOT NULL, recipe_id INTEGER NOT NULL, sample INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL, value TEXT, reason TEXT, message TEXT, passing INTEGER NOT NULL, runs INTEGER NOT NULL,
  request_id INTEGER, at INTEGER NOT NULL, revision INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (page_id, recipe_id, sample)) WITHOUT ROWID;
INSERT INTO "answers" VALUES(1,1,0,'ok','"invoice"',NULL,NULL,0,1,1,1795755394826,2);
INSERT INTO "answers" VALUES(1,2,0,'ok','["logo"]',NULL,NULL,0,1,1,1795755394826,2);
INSERT INTO "answers" VALUES(1,3,0,'ok','{"count":40,"amount":439.22,"due":"2016-04-15","paid":true,"names":[]}',NULL,NULL,0,1,1,1795755394826,2);
INSERT INTO "answers" VALUES(1,4,0,'ok','false',NULL,NULL,0,1,1,1795755394826,2);
INSERT INTO "answers" VALUES(1,5,0,'ok','null',NULL,NULL,0,1,1,1795755394826,2);
INSERT INTO "answers" VALUES(1,6,0,'ok','null',NULL,NULL,0,1,1,1795755394826,2);
INSERT INTO "answers" VALUES(3,1,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,4,1795755395038,4);
INSERT INTO "answers" VALUES(3,2,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,4,1795755395038,4);
INSERT INTO "answers" VALUES(3,3,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,4,1795755395038,4);
INSERT INTO "answers" VALUES(3,4,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,4,1795755395038,4);
INSERT INTO "answers" VALUES(3,5,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,4,1795755395038,4);
INSERT INTO "answers" VALUES(3,6,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,4,1795755395038,4);
INSERT INTO "answers" VALUES(4,1,0,'ok','"invoice"',NULL,NULL,0,1,5,1795755395127,8);
INSERT INTO "answers" VALUES(4,2,0,'ok','[]',NULL,NULL,0,1,5,1795755395055,5);
INSERT INTO "answers" VALUES(4,3,0,'ok','{"count":28,"amount":304.19,"due":null,"paid":false,"names":["none of your labels"]}',NULL,NULL,0,1,5,1795755395055,5);
INSERT INTO "answers" VALUES(4,4,0,'ok','true',NULL,NULL,0,1,5,1795755395055,5);
INSERT INTO "answers" VALUES(4,5,0,'ok','"2012-12-10"',NULL,NULL,0,1,5,1795755395127,8);
INSERT INTO "answers" VALUES(4,6,0,'ok','926.27',NULL,NULL,0,1,5,1795755395055,5);
INSERT INTO "answers" VALUES(9,1,0,'ok','"letter"',NULL,NULL,0,1,2,1795755395594,10);
INSERT INTO "answers" VALUES(9,2,0,'ok','["stamp","logo"]',NULL,NULL,0,1,2,1795755395594,10);
INSERT INTO "answers" VALUES(9,3,0,'ok','{"count":62,"amount":null,"due":null,"paid":true,"names":null}',NULL,NULL,0,1,2,1795755395594,10);
INSERT INTO "answers" VALUES(9,4,0,'ok','true',NULL,NULL,0,1,2,1795755395594,10);
INSERT INTO "answers" VALUES(9,5,0,'ok','"2011-01-02"',NULL,NULL,0,1,2,1795755395594,10);
INSERT INTO "answers" VALUES(9,6,0,'ok','917.77',NULL,NULL,0,1,2,1795755395594,10);
INSERT INTO "answers" VALUES(11,1,0,'invalid',NULL,'wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',0,1,3,1795755395163,9);
INSERT INTO "answers" VALUES(11,2,0,'invalid',NULL,'wrong_label','`none of your labels` is not one of the labels `stamp`, `logo`, `seal`',0,1,3,1795755395163,9);
INSERT INTO "answers" VALUES(11,3,0,'ok','{"count":20,"amount":875.53,"due":null,"paid":true,"names":["none of your labels"]}',NULL,NULL,0,1,3,1795755394983,3);
INSERT INTO "answers" VALUES(11,4,0,'ok','false',NULL,NULL,0,1,3,1795755394983,3);
INSERT INTO "answers" VALUES(11,5,0,'ok','null',NULL,NULL,0,1,3,1795755394983,3);
INSERT INTO "answers" VALUES(11,6,0,'ok','null',NULL,NULL,0,1,3,1795755394983,3);
INSERT INTO "answers" VALUES(12,1,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,6,1795755395086,6);
INSERT INTO "answers" VALUES(12,2,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,6,1795755395086,6);
INSERT INTO "answers" VALUES(12,3,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,6,1795755395086,6);
INSERT INTO "answers" VALUES(12,4,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,6,1795755395086,6);
INSERT INTO "answers" VALUES(12,5,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,6,1795755395086,6);
INSERT INTO "answers" VALUES(12,6,0,'refused',NULL,'refusal','the model declined to answer: I''m sorry, I can''t assist with that.',0,1,6,1795755395086,6);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, request_id INTEGER NOT NULL, run_id INTEGER NOT NULL, state TEXT NOT NULL, budget_id INTEGER NOT NULL,
  reserved INTEGER, input_tokens INTEGER, cached_input_tokens INTEGER, output_tokens INTEGER, usage_source TEXT, cost INTEGER,
  verdict TEXT, error_kind TEXT, message TEXT, http_status INTEGER, server_request_id TEXT, latency_ms INTEGER,
  opened_at INTEGER NOT NULL, settled_at INTEGER, purpose TEXT, expected INTEGER, cache_write_tokens INTEGER, saved_by_cache INTEGER, saved_by_size INTEGER, batch_id INTEGER, sequence INTEGER, reasoning_tokens INTEGER, reported_cost INTEGER, served_model TEXT, served_by TEXT, service_tier TEXT, parameters TEXT);
INSERT INTO "attempts" VALUES(1,1,1,'settled',1,9303200000,8983,0,39,'reported',3655600000,'done',NULL,NULL,200,'req_075c8519a93205790d1f5edfac1fa6f4',51,1795755394701,1795755394826,'ask',3736000000,0,0,0,NULL,1,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":3191}');
INSERT INTO "attempts" VALUES(2,2,1,'settled',1,9482000000,0,0,0,'reported',0,'retry','server_error','HTTP 500: The server had an error while processing your request. Sorry about that!',500,'req_826c6abf7fdd5ad7dfdb923b60968cdb',27,1795755394902,1795755394962,'ask',3736000000,0,0,0,NULL,2,0,NULL,NULL,NULL,NULL,'{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":3191}');
INSERT INTO "attempts" VALUES(3,3,1,'settled',1,9482000000,8983,0,49,'reported',3671600000,'done','wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',200,'req_d56b1fbb9ceba9e80a02d5ba6ac3611a',48,1795755394902,1795755394983,'ask',3736000000,0,0,0,NULL,3,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":3191}');
INSERT INTO "attempts" VALUES(4,4,1,'settled',1,9482000000,8983,0,9,'reported',3607600000,'page','refusal','the model declined to answer: I''m sorry, I can''t assist with that.',200,'req_0392754934ea153997938bbe966c7464',22,1795755394996,1795755395038,'ask',3736000000,0,0,0,NULL,4,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":3191}');
INSERT INTO "attempts" VALUES(5,5,1,'settled',1,9482000000,8983,0,49,'reported',3671600000,'done','wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',200,'req_255c6046f62fbe296a09c58e72134ece',15,1795755395020,1795755395055,'ask',3736000000,0,0,0,NULL,5,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":3191}');
INSERT INTO "attempts" VALUES(6,6,1,'settled',1,9482000000,8983,0,9,'reported',3607600000,'page','refusal','the model declined to answer: I''m sorry, I can''t assist with that.',200,'req_dcfa9555b5f881d1c9ef4edce9e2abdf',12,1795755395053,1795755395086,'ask',3736000000,0,0,0,NULL,6,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":3191}');
INSERT INTO "attempts" VALUES(7,3,1,'settled',1,4283600000,8821,0,16,'reported',3554000000,'done','wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',200,'req_37be58e8d7213bbc09892d7570f20697',1,1795755395091,1795755395104,'repair',3544000000,0,0,0,NULL,7,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":100}');
INSERT INTO "attempts" VALUES(8,5,1,'settled',1,4248400000,8799,0,10,'reported',3535600000,'done',NULL,NULL,200,'req_1e535eede31428f0d7f030fc3e74beda',8,1795755395102,1795755395127,'repair',3538800000,0,0,0,NULL,8,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":100}');
INSERT INTO "attempts" VALUES(9,3,1,'settled',1,4230000000,8787,0,16,'reported',3540400000,'done','wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',200,'req_dbd238973a2b148a52ead7e36ea7fea8',1,1795755395119,1795755395163,'repair',3530400000,0,0,0,NULL,9,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":100}');
INSERT INTO "attempts" VALUES(10,2,1,'settled',1,9482000000,8983,0,41,'reported',3658800000,'done',NULL,NULL,200,'req_5692161d100b05e57ab40e090f363a7d',2,1795755395570,1795755395594,'retry',3732400000,0,0,0,NULL,10,0,NULL,'openai/gpt-4o-mini',NULL,'default','{"format":"json_schema","schema_in_prompt":false,"temperature":0.0,"reasoning_effort":null,"max_tokens":3191}');
INSERT INTO "attempts" VALUES(11,7,2,'open',1,9482000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795755402304,NULL,'ask',3732400000,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, run_id INTEGER NOT NULL, job_id INTEGER NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  requests INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0,
  input_file TEXT, remote TEXT, message TEXT, price TEXT, made_at INTEGER NOT NULL, ended_at INTEGER);
CREATE TABLE budget (id INTEGER PRIMARY KEY, scope TEXT NOT NULL UNIQUE, spent INTEGER NOT NULL, reserved INTEGER NOT NULL);
INSERT INTO "budget" VALUES(1,'job/paid/stored',32502800000,9482000000);
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY, page_id INTEGER NOT NULL, job TEXT NOT NULL, task TEXT NOT NULL, question BLOB, value TEXT NOT NULL,
  reviewer TEXT NOT NULL, decided_at INTEGER NOT NULL, sampled_with REAL, shown TEXT, withdrawn_at INTEGER, revision INTEGER NOT NULL,
  draw_id INTEGER, group_id INTEGER NOT NULL);
INSERT INTO "decisions" VALUES(1,1,'stored','kind',NULL,'"letter"','ann',1795438800000,0.25,NULL,NULL,11,NULL,1);
INSERT INTO "decisions" VALUES(2,1,'stored','kind',NULL,'"invoice"','bob',1795435200000,NULL,'null',NULL,11,NULL,2);
INSERT INTO "decisions" VALUES(3,3,'stored','kind',NULL,'"form"','ann',1795438805000,NULL,NULL,NULL,11,NULL,3);
INSERT INTO "decisions" VALUES(4,3,'stored','marks',NULL,'["seal"]','ann',1795438805000,NULL,NULL,NULL,11,NULL,4);
CREATE TABLE draw_pages (draw_id INTEGER NOT NULL, position INTEGER NOT NULL, page_id INTEGER NOT NULL, PRIMARY KEY (draw_id, position)) WITHOUT ROWID;
CREATE TABLE draws (
  id INTEGER PRIMARY KEY, job TEXT NOT NULL, tasks TEXT NOT NULL, selection TEXT, rule TEXT NOT NULL, size INTEGER NOT NULL,
  population INTEGER NOT NULL, drawn_at INTEGER NOT NULL, shard TEXT);
CREATE TABLE endpoints (id TEXT PRIMARY KEY, capabilities TEXT, calibration TEXT, limits TEXT, observations INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
INSERT INTO "endpoints" VALUES('stored openai/gpt-4o-mini','{"format":"json_schema","schema_in_prompt":false,"max_completion_tokens":false,"omitted":["uniqueItems","maxItems","maxLength"],"effort":null,"disables_thinking":false,"output_factor":1,"max_output":16384,"proven":true,"follows_schema":true,"changed":[],"changes":0}','{"high":{"images":4,"texts":1968,"sizes":[{"width":96,"height":128,"images":3,"tokens":25473,"most":8491},{"width":75,"height":110,"images":1,"tokens":8491,"most":8491}],"replies":2,"expected_output":174,"actual_output":80}}',NULL,0);
CREATE TABLE "entries" (
  id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, line INTEGER NOT NULL DEFAULT 0, path BLOB NOT NULL, size INTEGER NOT NULL,
  mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, inode INTEGER NOT NULL, content BLOB, page_count INTEGER NOT NULL, selected TEXT,
  fault TEXT, message TEXT, carried TEXT, set_id INTEGER, settled_set INTEGER, decoder INTEGER NOT NULL DEFAULT 2, repeats TEXT, UNIQUE (job_id, line, path));
INSERT INTO "entries" VALUES(1,1,0,X'6120636F70792E706E67',250,1795752570470878765,1795755386354648022,10035891,X'361A62C810130C53BDFE4A8468F5A35B762F71A0277095402CCE64F0A8033CC9',1,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(2,1,0,X'612E706E67',250,1795752570471092792,1795755386354517195,10035875,X'361A62C810130C53BDFE4A8468F5A35B762F71A0277095402CCE64F0A8033CC9',1,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(3,1,0,X'626C616E6B2E706E67',127,1795752570471092792,1795755386354843599,10035921,X'3AC4CBF88E517EF419420AC3380C694CD4F453B8DC3175F9BF7EC0460AE47F55',1,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(4,1,0,X'642E706E67',232,1795752570471092792,1795755386354935100,10035937,X'E6504C4415F1A4B80686C1E9B2AAF029DA0F51A3A23EDECDF554A1265DBB48F7',1,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(5,1,0,X'7365766572616C2E746966',10428,1795752570471092792,1795755386354136867,10035844,X'F9326DF5D78466C9157922D26E4936461C3A24B05D220DD2E7E7308D2CE105FD',4,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(6,1,0,X'61206C696B652E706E67',369,1795752570471092792,1795755386355144527,10035969,X'36A946A252609326EEBCF7A2717EDF779BC1B3CC0899B8250E92CEDE90C8B908',1,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(7,1,0,X'622E706E67',240,1795752570471092792,1795755386355243827,10035985,X'FF2539E8BF0ADBAD7811BBBDF5D404388057F1942C55D7083A40E8A4E350FCB4',1,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(8,1,0,X'62726F6B656E2E706E67',180,1795752570471092792,1795755386354380671,10035860,X'95E9D270B814F70E7E7BD47237D8E04659BA84F58E643E7C32FF7C2DBF2C0952',0,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(9,1,0,X'632E706E67',248,1795752570471092792,1795755386354749086,10035907,X'FC68635482ED858DDF4051BC807C3C1D9B9D4CEFB3A585F63A7536A8A4E5D1DD',1,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(10,1,0,X'652E706E67',251,1795752570471092792,1795755386355040770,10035953,X'A72BCCB666DA353034729DA5112F32E038FA88E07F54BB3FB04417C89F5F2713',1,NULL,NULL,NULL,NULL,NULL,1,4,NULL);
INSERT INTO "entries" VALUES(11,1,0,X'6E65772E706E67',238,0,1795755396438900363,10036049,X'CCD5C96F07EC6EDC8CF35545898315B928C0D97D8F8E67867F4CAFE1FADDB3D0',1,NULL,NULL,NULL,NULL,NULL,NULL,4,NULL);
CREATE TABLE jobs (id INTEGER PRIMARY KEY, identity BLOB NOT NULL UNIQUE, name TEXT NOT NULL, manifest TEXT NOT NULL, updated_at INTEGER NOT NULL);
INSERT INTO "jobs" VALUES(1,X'@job@','stored','version: 1
name: stored
input: {folder: pages, skip_blank: true, near_duplicates: 4}
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
store: store.db
output: {csv: out.csv, parquet: out.parquet, jsonl: out.jsonl, report: report.json}
',1795755396854);
CREATE TABLE marks (page_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, blank INTEGER NOT NULL, fingerprint BLOB NOT NULL);
INSERT INTO "marks" VALUES(1,1,0,X'00000000000600065800406060602060C04C800FB80730C600C8301830003000');
INSERT INTO "marks" VALUES(2,1,1,X'0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "marks" VALUES(3,1,0,X'000000003000C001C061E06060606060006030613061307800185818D800C000');
INSERT INTO "marks" VALUES(4,1,0,X'6000608260820082008200300030003000B000E000380070C0C038C006700010');
INSERT INTO "marks" VALUES(5,1,0,X'6000608260820082008200300030003000B000E000380074C0C038C006700010');
INSERT INTO "marks" VALUES(6,1,0,X'6000608260820082008200300030003000B000E000380070C0C038C006700010');
INSERT INTO "marks" VALUES(7,1,0,X'6000608260820082008200300030003000B000E000380074C0C038C006700010');
INSERT INTO "marks" VALUES(8,1,0,X'00000000000600065800406060602060C04C800FB80730C600C8301830003000');
INSERT INTO "marks" VALUES(9,1,0,X'188088818001800130006000E00180019801783068600C630C63186318000000');
INSERT INTO "marks" VALUES(11,1,0,X'00003000300000030007C0C7C0C040F84030C0318001800100181819181D1800');
INSERT INTO "marks" VALUES(12,1,0,X'20003018301800C300C300C300C300D000180018001C000C000F3003F0030000');
INSERT INTO "marks" VALUES(13,1,0,X'00C3C0C3C0B04038001800008001800100180018001B000380038463CC61CC60');
CREATE TABLE merges (
  fingerprint BLOB PRIMARY KEY, number INTEGER NOT NULL, shards INTEGER NOT NULL, run_id TEXT NOT NULL, started_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE near (job_id INTEGER NOT NULL, page_id INTEGER NOT NULL, like_id INTEGER NOT NULL, distance INTEGER NOT NULL,
  PRIMARY KEY (job_id, page_id)) WITHOUT ROWID;
INSERT INTO "near" VALUES(1,5,4,1);
INSERT INTO "near" VALUES(1,6,4,0);
INSERT INTO "near" VALUES(1,7,4,1);
INSERT INTO "near" VALUES(1,8,1,0);
CREATE TABLE notices (id INTEGER PRIMARY KEY, message TEXT NOT NULL);
CREATE TABLE page_faults (page_id INTEGER PRIMARY KEY, decoder_version INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL, renderers TEXT NOT NULL DEFAULT '');
INSERT INTO "page_faults" VALUES(10,4,'cut_short','the file is cut short or damaged','hayro 0.9; pdftoppm 22.12.0; fonts 4a818b20cfb5');
CREATE TABLE pages (id INTEGER PRIMARY KEY, content BLOB NOT NULL, page INTEGER NOT NULL, decoder INTEGER NOT NULL DEFAULT 2, renderer TEXT, redrawn INTEGER, redrawn_reason TEXT, UNIQUE (content, page));
INSERT INTO "pages" VALUES(1,X'361A62C810130C53BDFE4A8468F5A35B762F71A0277095402CCE64F0A8033CC9',1,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(2,X'3AC4CBF88E517EF419420AC3380C694CD4F453B8DC3175F9BF7EC0460AE47F55',1,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(3,X'E6504C4415F1A4B80686C1E9B2AAF029DA0F51A3A23EDECDF554A1265DBB48F7',1,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(4,X'F9326DF5D78466C9157922D26E4936461C3A24B05D220DD2E7E7308D2CE105FD',1,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(5,X'F9326DF5D78466C9157922D26E4936461C3A24B05D220DD2E7E7308D2CE105FD',2,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(6,X'F9326DF5D78466C9157922D26E4936461C3A24B05D220DD2E7E7308D2CE105FD',3,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(7,X'F9326DF5D78466C9157922D26E4936461C3A24B05D220DD2E7E7308D2CE105FD',4,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(8,X'36A946A252609326EEBCF7A2717EDF779BC1B3CC0899B8250E92CEDE90C8B908',1,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(9,X'FF2539E8BF0ADBAD7811BBBDF5D404388057F1942C55D7083A40E8A4E350FCB4',1,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(10,X'95E9D270B814F70E7E7BD47237D8E04659BA84F58E643E7C32FF7C2DBF2C0952',0,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(11,X'FC68635482ED858DDF4051BC807C3C1D9B9D4CEFB3A585F63A7536A8A4E5D1DD',1,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(12,X'A72BCCB666DA353034729DA5112F32E038FA88E07F54BB3FB04417C89F5F2713',1,4,NULL,NULL,NULL);
INSERT INTO "pages" VALUES(13,X'CCD5C96F07EC6EDC8CF35545898315B928C0D97D8F8E67867F4CAFE1FADDB3D0',1,4,NULL,NULL,NULL);
CREATE TABLE pruned_runs (run_id INTEGER NOT NULL, budget_id INTEGER NOT NULL, spent INTEGER NOT NULL,
  PRIMARY KEY (run_id, budget_id)) WITHOUT ROWID;
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
INSERT INTO "recipe_sets" VALUES(1,X'2D31347BB456D257F8942616D631B1F9BACA4C218DBD8F9AAA0161D66137B8CC');
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
INSERT INTO "requests" VALUES(2,1,9,2);
INSERT INTO "requests" VALUES(3,1,11,2);
INSERT INTO "requests" VALUES(4,1,3,2);
INSERT INTO "requests" VALUES(5,1,4,2);
INSERT INTO "requests" VALUES(6,1,12,2);
INSERT INTO "requests" VALUES(7,2,13,2);
CREATE TABLE revisions (last INTEGER NOT NULL);
INSERT INTO "revisions" VALUES(12);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, job_id INTEGER NOT NULL, set_id INTEGER NOT NULL, model TEXT NOT NULL,
  tasks TEXT NOT NULL, started_at INTEGER NOT NULL, heartbeat INTEGER NOT NULL, first_attempt INTEGER NOT NULL, ended_at INTEGER, outcome TEXT, exit_code INTEGER, pages TEXT, selection TEXT, since INTEGER NOT NULL DEFAULT 0, attempt_timeout_ms INTEGER, settings_id INTEGER, is_trial INTEGER NOT NULL DEFAULT 0, shard TEXT);
INSERT INTO "runs" VALUES(1,'20261127T045626-7c8801f870b1',1,1,'openai/gpt-4o-mini','[["kind",1],["marks",2],["total",3],["signed",4],["issued",5],["share",6]]',1795755386794,1795755395759,1,1795755395759,'complete',0,'{"total":13,"ok":8,"invalid":1,"refused":2,"failed":1,"pending":0,"skipped":1,"near":4,"duplicates":1,"sharing":5,"failures":{"by_kind":{"cut_short":{"pages":1,"example":{"path":"broken.png","page":0,"error_kind":"cut_short","error":"the file is cut short or damaged"}},"refusal":{"pages":2,"example":{"path":"d.png","page":1,"error_kind":"refusal","error":"kind: the model declined to answer: I''m sorry, I can''t assist with that.; marks: the model declined to answer: I''m sorry, I can''t assist with that.; total: the model declined to answer: I''m sorry, I can''t assist with that.; signed: the model declined to answer: I''m sorry, I can''t assist with that.; issued: the model declined to answer: I''m sorry, I can''t assist with that.; share: the model declined to answer: I''m sorry, I can''t assist with that."}},"wrong_label":{"pages":1,"example":{"path":"c.png","page":1,"error_kind":"wrong_label","error":"kind: `none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`; marks: `none of your labels` is not one of the labels `stamp`, `logo`, `seal`"}}},"first":[{"path":"broken.png","page":0,"error_kind":"cut_short","error":"the file is cut short or damaged"},{"path":"c.png","page":1,"error_kind":"wrong_label","error":"kind: `none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`; marks: `none of your labels` is not one of the labels `stamp`, `logo`, `seal`"},{"path":"d.png","page":1,"error_kind":"refusal","error":"kind: the model declined to answer: I''m sorry, I can''t assist with that.; marks: the model declined to answer: I''m sorry, I can''t assist with that.; total: the model declined to answer: I''m sorry, I can''t assist with that.; signed: the model declined to answer: I''m sorry, I can''t assist with that.; issued: the model declined to answer: I''m sorry, I can''t assist with that.; share: the model declined to answer: I''m sorry, I can''t assist with that."},{"path":"e.png","page":1,"error_kind":"refusal","error":"kind: the model declined to answer: I''m sorry, I can''t assist with that.; marks: the model declined to answer: I''m sorry, I can''t assist with that.; total: the model declined to answer: I''m sorry, I can''t assist with that.; signed: the model declined to answer: I''m sorry, I can''t assist with that.; issued: the model declined to answer: I''m sorry, I can''t assist with that.; share: the model declined to answer: I''m sorry, I can''t assist with that."}]},"value":10850000000,"duplicate_value":17918000000,"by_label":{"kind":{"invoice":{"pages":7,"cost":1810466675},"letter":{"pages":1,"cost":609800000}},"marks":{"logo":{"pages":4,"cost":1219066666},"stamp":{"pages":1,"cost":609800000}}}}',NULL,1,60000,1,0,NULL);
INSERT INTO "runs" VALUES(2,'20261127T045636-475d86c47c91',1,1,'openai/gpt-4o-mini','[["kind",1],["marks",2],["total",3],["signed",4],["issued",5],["share",6]]',1795755396854,1795755402329,11,NULL,NULL,NULL,NULL,NULL,12,60000,2,0,NULL);
CREATE TABLE settings (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body TEXT NOT NULL);
INSERT INTO "settings" VALUES(1,X'861CA03764F51EFA2B4B364AC6826B11BB2B56531BCE3E7738ABB9EEFF24EBFB','{"input":{"folder":"pages","near_duplicates":4,"skip_blank":true},"limits":{"budget_scope":"job","budget_usd":5,"concurrency":2},"name":"stored","on_error":{"max_failed":"100%","stop_after":0},"output":{"csv":"out.csv","jsonl":"out.jsonl","parquet":"out.parquet","report":"report.json"},"provider":{"base_url":"http://127.0.0.1:35183/v1","id":"stored","model":"openai/gpt-4o-mini","price":{"cached_input":0.1,"input":0.4,"output":1.6}},"store":"store.db"}');
INSERT INTO "settings" VALUES(2,X'6CB306EC3D5A8F858539DF3FD7ADD1D0BF34A2059841FC55951E5E4E6B8AB8D1','{"input":{"folder":"pages","near_duplicates":4,"skip_blank":true},"limits":{"budget_scope":"job","budget_usd":5,"concurrency":2},"name":"stored","on_error":{"max_failed":"100%","stop_after":0},"output":{"csv":"out.csv","jsonl":"out.jsonl","parquet":"out.parquet","report":"report.json"},"provider":{"base_url":"http://127.0.0.1:45481/v1","id":"stored","model":"openai/gpt-4o-mini","price":{"cached_input":0.1,"input":0.4,"output":1.6}},"store":"store.db"}');
CREATE TABLE shard (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, shards INTEGER NOT NULL);
CREATE TABLE shown_answers (
  id INTEGER PRIMARY KEY, page_id INTEGER NOT NULL, job TEXT NOT NULL, reviewer TEXT NOT NULL, task TEXT NOT NULL, question BLOB,
  answer TEXT NOT NULL, shown_at INTEGER NOT NULL);
CREATE INDEX runs_by_job ON runs (job_id, id);
CREATE INDEX requests_by_page ON requests (page_id);
CREATE INDEX attempts_by_request ON attempts (request_id);
CREATE INDEX entries_by_content ON entries (job_id, content, line, path);
CREATE INDEX entries_by_path ON entries (job_id, path);
CREATE INDEX attempts_by_batch ON attempts (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX batches_by_endpoint ON batches (endpoint, state);
CREATE INDEX decisions_by_page ON decisions (page_id, job);
CREATE INDEX decisions_by_job ON decisions (job);
CREATE INDEX decisions_by_revision ON decisions (job, revision);
CREATE INDEX decisions_by_group ON decisions (group_id);
CREATE INDEX draws_by_job ON draws (job);
CREATE INDEX shown_answers_by_page ON shown_answers (page_id, job, reviewer);
COMMIT;
