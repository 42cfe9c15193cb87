PRAGMA application_id=1685021549;
PRAGMA user_version=1;
BEGIN TRANSACTION;
CREATE TABLE answers (
  page_id INTEGER NOT NULL, recipe_id INTEGER NOT NULL, sample INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL, value TEXT, reason TEXT, message TEXT, passing INTEGER NOT NULL, runs INTEGER NOT NULL,
  request_id INTEGER, at INTEGER NOT NULL, PRIMARY KEY (page_id, recipe_id, sample)) WITHOUT ROWID;
INSERT INTO "answers" VALUES(1,1,0,'ok','"invoice"',NULL,NULL,0,1,1,1795657098549);
INSERT INTO "answers" VALUES(1,2,0,'ok','["logo"]',NULL,NULL,0,1,1,1795657098549);
INSERT INTO "answers" VALUES(1,3,0,'ok','{"count":40,"amount":439.22,"due":"2016-04-15","paid":true,"names":[]}',NULL,NULL,0,1,1,1795657098549);
INSERT INTO "answers" VALUES(1,4,0,'ok','false',NULL,NULL,0,1,1,1795657098549);
INSERT INTO "answers" VALUES(1,5,0,'ok','null',NULL,NULL,0,1,1,1795657098549);
INSERT INTO "answers" VALUES(1,6,0,'ok','null',NULL,NULL,0,1,1,1795657098549);
INSERT INTO "answers" VALUES(4,1,0,'ok','"letter"',NULL,NULL,0,1,2,1795657099035);
INSERT INTO "answers" VALUES(4,2,0,'ok','["stamp","logo"]',NULL,NULL,0,1,2,1795657099035);
INSERT INTO "answers" VALUES(4,3,0,'ok','{"count":62,"amount":null,"due":null,"paid":true,"names":null}',NULL,NULL,0,1,2,1795657099035);
INSERT INTO "answers" VALUES(4,4,0,'ok','true',NULL,NULL,0,1,2,1795657099035);
INSERT INTO "answers" VALUES(4,5,0,'ok','"2011-01-02"',NULL,NULL,0,1,2,1795657099035);
INSERT INTO "answers" VALUES(4,6,0,'ok','917.77',NULL,NULL,0,1,2,1795657099035);
INSERT INTO "answers" VALUES(5,1,0,'ok','"other"',NULL,NULL,0,1,3,1795657098580);
INSERT INTO "answers" VALUES(5,2,0,'ok','["logo"]',NULL,NULL,0,1,3,1795657098580);
INSERT INTO "answers" VALUES(5,3,0,'ok','{"count":10,"amount":null,"due":null,"paid":null,"names":null}',NULL,NULL,0,1,3,1795657098580);
INSERT INTO "answers" VALUES(5,4,0,'ok','null',NULL,NULL,0,1,3,1795657098580);
INSERT INTO "answers" VALUES(5,5,0,'ok','null',NULL,NULL,0,1,3,1795657098580);
INSERT INTO "answers" VALUES(5,6,0,'ok','null',NULL,NULL,0,1,3,1795657098580);
INSERT INTO "answers" VALUES(6,1,0,'invalid',NULL,'wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',0,1,4,1795657098678);
INSERT INTO "answers" VALUES(6,2,0,'invalid',NULL,'wrong_label','`none of your labels` is not one of the labels `stamp`, `logo`, `seal`',0,1,4,1795657098678);
INSERT INTO "answers" VALUES(6,3,0,'ok','{"count":20,"amount":875.53,"due":null,"paid":true,"names":["none of your labels"]}',NULL,NULL,0,1,4,1795657098608);
INSERT INTO "answers" VALUES(6,4,0,'ok','false',NULL,NULL,0,1,4,1795657098608);
INSERT INTO "answers" VALUES(6,5,0,'ok','null',NULL,NULL,0,1,4,1795657098608);
INSERT INTO "answers" VALUES(6,6,0,'ok','null',NULL,NULL,0,1,4,1795657098608);
INSERT INTO "answers" VALUES(7,1,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,5,1795657098622);
INSERT INTO "answers" VALUES(7,2,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,5,1795657098622);
INSERT INTO "answers" VALUES(7,3,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,5,1795657098622);
INSERT INTO "answers" VALUES(7,4,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,5,1795657098622);
INSERT INTO "answers" VALUES(7,5,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,5,1795657098622);
INSERT INTO "answers" VALUES(7,6,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,5,1795657098622);
INSERT INTO "answers" VALUES(8,1,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,6,1795657098636);
INSERT INTO "answers" VALUES(8,2,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,6,1795657098636);
INSERT INTO "answers" VALUES(8,3,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,6,1795657098636);
INSERT INTO "answers" VALUES(8,4,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,6,1795657098636);
INSERT INTO "answers" VALUES(8,5,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,6,1795657098636);
INSERT INTO "answers" VALUES(8,6,0,'refused',NULL,'refusal','the model declined: I''m sorry, I can''t assist with that.',0,1,6,1795657098636);
INSERT INTO "answers" VALUES(9,1,0,'ok','"invoice"',NULL,NULL,0,1,7,1795657098649);
INSERT INTO "answers" VALUES(9,2,0,'ok','[]',NULL,NULL,0,1,7,1795657098649);
INSERT INTO "answers" VALUES(9,3,0,'ok','{"count":18,"amount":428.33,"due":null,"paid":null,"names":[]}',NULL,NULL,0,1,7,1795657098649);
INSERT INTO "answers" VALUES(9,4,0,'ok','false',NULL,NULL,0,1,7,1795657098649);
INSERT INTO "answers" VALUES(9,5,0,'ok','"2017-05-25"',NULL,NULL,0,1,7,1795657098649);
INSERT INTO "answers" VALUES(9,6,0,'ok','936.65',NULL,NULL,0,1,7,1795657098649);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, request_id INTEGER NOT NULL, run_id INTEGER NOT NULL, state TEXT NOT NULL, budget_id INTEGER NOT NULL,
  reserved INTEGER, input_tokens INTEGER, cached_input_tokens INTEGER, output_tokens INTEGER, usage_source TEXT, cost INTEGER,
  verdict TEXT, error_kind TEXT, message TEXT, http_status INTEGER, server_request_id TEXT, latency_ms INTEGER,
  opened_at INTEGER NOT NULL, settled_at INTEGER);
INSERT INTO "attempts" VALUES(1,1,1,'settled',1,4677600000,8983,0,39,'reported',3655600000,'done',NULL,NULL,200,'req_075c8519a93205790d1f5edfac1fa6f4',10,1795657098527,1795657098549);
INSERT INTO "attempts" VALUES(2,2,1,'settled',1,4677600000,0,0,0,'reported',0,'retry','server_error','HTTP 500: The server had an error while processing your request. Sorry about that!',500,'req_826c6abf7fdd5ad7dfdb923b60968cdb',7,1795657098565,1795657098580);
INSERT INTO "attempts" VALUES(3,3,1,'settled',1,4677600000,8983,0,37,'reported',3652400000,'done',NULL,NULL,200,'req_d56b1fbb9ceba9e80a02d5ba6ac3611a',7,1795657098565,1795657098580);
INSERT INTO "attempts" VALUES(4,4,1,'settled',1,4677600000,8983,0,49,'reported',3671600000,'done','wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',200,'req_0392754934ea153997938bbe966c7464',2,1795657098593,1795657098608);
INSERT INTO "attempts" VALUES(5,5,1,'settled',1,4677600000,8983,0,9,'reported',3607600000,'page','refusal','the model declined: I''m sorry, I can''t assist with that.',200,'req_255c6046f62fbe296a09c58e72134ece',13,1795657098593,1795657098622);
INSERT INTO "attempts" VALUES(6,6,1,'settled',1,4677600000,8983,0,9,'reported',3607600000,'page','refusal','the model declined: I''m sorry, I can''t assist with that.',200,'req_dcfa9555b5f881d1c9ef4edce9e2abdf',3,1795657098623,1795657098636);
INSERT INTO "attempts" VALUES(7,7,1,'settled',1,4677600000,8983,0,38,'reported',3654000000,'done',NULL,NULL,200,'req_37be58e8d7213bbc09892d7570f20697',4,1795657098633,1795657098649);
INSERT INTO "attempts" VALUES(8,4,1,'settled',1,4424800000,8821,0,16,'reported',3554000000,'done','wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',200,'req_1e535eede31428f0d7f030fc3e74beda',5,1795657098644,1795657098657);
INSERT INTO "attempts" VALUES(9,4,1,'settled',1,4371200000,8787,0,16,'reported',3540400000,'done','wrong_label','`none of your labels` is not one of the labels `invoice`, `letter`, `form`, `other`',200,'req_dbd238973a2b148a52ead7e36ea7fea8',1,1795657098666,1795657098678);
INSERT INTO "attempts" VALUES(10,2,1,'settled',1,4677600000,8983,0,41,'reported',3658800000,'done',NULL,NULL,200,'req_5692161d100b05e57ab40e090f363a7d',3,1795657099023,1795657099035);
INSERT INTO "attempts" VALUES(11,8,2,'open',1,4677600000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795657099425,NULL);
CREATE TABLE budget (id INTEGER PRIMARY KEY, scope TEXT NOT NULL UNIQUE, spent INTEGER NOT NULL, reserved INTEGER NOT NULL);
INSERT INTO "budget" VALUES(1,'job:@job@/endpoint:stored',32602000000,4677600000);
CREATE TABLE endpoints (id TEXT PRIMARY KEY, capabilities TEXT, calibration TEXT, limits TEXT) WITHOUT ROWID;
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
  ctime INTEGER NOT NULL, inode INTEGER NOT NULL, content BLOB, page_count INTEGER NOT NULL, fault TEXT, message TEXT,
  carried TEXT, settled_set INTEGER, UNIQUE (job_id, path));
INSERT INTO "entries" VALUES(1,1,X'6120636F70792E706E67',250,0,1795657098226789831,10027067,X'361A62C810130C53BDFE4A8468F5A35B762F71A0277095402CCE64F0A8033CC9',1,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(2,1,X'612E706E67',250,0,1795657098226637115,10027066,X'361A62C810130C53BDFE4A8468F5A35B762F71A0277095402CCE64F0A8033CC9',1,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(3,1,X'622E706E67',240,0,1795657098227761774,10027073,X'FF2539E8BF0ADBAD7811BBBDF5D404388057F1942C55D7083A40E8A4E350FCB4',1,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(4,1,X'626C616E6B2E706E67',127,0,1795657098227132744,10027069,X'3AC4CBF88E517EF419420AC3380C694CD4F453B8DC3175F9BF7EC0460AE47F55',1,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(5,1,X'62726F6B656E2E706E67',180,0,1795657098226467186,10027065,X'95E9D270B814F70E7E7BD47237D8E04659BA84F58E643E7C32FF7C2DBF2C0952',0,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(6,1,X'632E706E67',248,0,1795657098226943129,10027068,X'FC68635482ED858DDF4051BC807C3C1D9B9D4CEFB3A585F63A7536A8A4E5D1DD',1,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(7,1,X'642E706E67',232,0,1795657098227278898,10027070,X'E6504C4415F1A4B80686C1E9B2AAF029DA0F51A3A23EDECDF554A1265DBB48F7',1,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(8,1,X'652E706E67',251,0,1795657098227433899,10027071,X'A72BCCB666DA353034729DA5112F32E038FA88E07F54BB3FB04417C89F5F2713',1,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(9,1,X'7365766572616C2E746966',10428,0,1795657098226217297,10027064,X'F9326DF5D78466C9157922D26E4936461C3A24B05D220DD2E7E7308D2CE105FD',0,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(10,1,X'61206C696B652E706E67',369,0,1795657098227597826,10027072,X'36A946A252609326EEBCF7A2717EDF779BC1B3CC0899B8250E92CEDE90C8B908',1,NULL,NULL,NULL,NULL);
INSERT INTO "entries" VALUES(11,1,X'6E65772E706E67',238,0,1795657099211871920,10027077,X'CCD5C96F07EC6EDC8CF35545898315B928C0D97D8F8E67867F4CAFE1FADDB3D0',1,NULL,NULL,NULL,NULL);
CREATE TABLE jobs (id INTEGER PRIMARY KEY, identity BLOB NOT NULL UNIQUE, name TEXT NOT NULL, manifest TEXT NOT NULL, updated_at INTEGER NOT NULL);
INSERT INTO "jobs" VALUES(1,X'@job@','stored','version: 1
name: stored
input: {folder: pages}
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
',1795657099391);
CREATE TABLE page_faults (page_id INTEGER PRIMARY KEY, decoder_version INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL);
INSERT INTO "page_faults" VALUES(2,1,'cut_short','the file is cut short or damaged');
INSERT INTO "page_faults" VALUES(3,1,'unsupported_format','a TIFF of several pages, which is not read; split it into single ones');
CREATE TABLE pages (id INTEGER PRIMARY KEY, content BLOB NOT NULL, page INTEGER NOT NULL, UNIQUE (content, page));
INSERT INTO "pages" VALUES(1,X'361A62C810130C53BDFE4A8468F5A35B762F71A0277095402CCE64F0A8033CC9',1);
INSERT INTO "pages" VALUES(2,X'95E9D270B814F70E7E7BD47237D8E04659BA84F58E643E7C32FF7C2DBF2C0952',0);
INSERT INTO "pages" VALUES(3,X'F9326DF5D78466C9157922D26E4936461C3A24B05D220DD2E7E7308D2CE105FD',0);
INSERT INTO "pages" VALUES(4,X'FF2539E8BF0ADBAD7811BBBDF5D404388057F1942C55D7083A40E8A4E350FCB4',1);
INSERT INTO "pages" VALUES(5,X'3AC4CBF88E517EF419420AC3380C694CD4F453B8DC3175F9BF7EC0460AE47F55',1);
INSERT INTO "pages" VALUES(6,X'FC68635482ED858DDF4051BC807C3C1D9B9D4CEFB3A585F63A7536A8A4E5D1DD',1);
INSERT INTO "pages" VALUES(7,X'E6504C4415F1A4B80686C1E9B2AAF029DA0F51A3A23EDECDF554A1265DBB48F7',1);
INSERT INTO "pages" VALUES(8,X'A72BCCB666DA353034729DA5112F32E038FA88E07F54BB3FB04417C89F5F2713',1);
INSERT INTO "pages" VALUES(9,X'36A946A252609326EEBCF7A2717EDF779BC1B3CC0899B8250E92CEDE90C8B908',1);
INSERT INTO "pages" VALUES(10,X'CCD5C96F07EC6EDC8CF35545898315B928C0D97D8F8E67867F4CAFE1FADDB3D0',1);
CREATE TABLE recipe_set_members (set_id INTEGER NOT NULL, position INTEGER NOT NULL, recipe_id INTEGER NOT NULL, PRIMARY KEY (set_id, position)) WITHOUT ROWID;
INSERT INTO "recipe_set_members" VALUES(1,0,1);
INSERT INTO "recipe_set_members" VALUES(1,1,2);
INSERT INTO "recipe_set_members" VALUES(1,2,3);
INSERT INTO "recipe_set_members" VALUES(1,3,4);
INSERT INTO "recipe_set_members" VALUES(1,4,5);
INSERT INTO "recipe_set_members" VALUES(1,5,6);
CREATE TABLE recipe_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
INSERT INTO "recipe_sets" VALUES(1,X'EBF21D70442863D8900D97D3A7678E09E2BBB9032E491A01D57E7E41DF487110');
CREATE TABLE recipes (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body TEXT NOT NULL);
INSERT INTO "recipes" VALUES(1,X'ABC3AA97952D5F7A5FF97BDF714F20FDB1D7786C37A92EDDCB541C38A883C08B','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"rule":"openai-tile","size":"standard","version":1},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"classify":"Which label describes the page best?","labels":[["invoice",null],["letter",null],["form",null],["other","None of the other labels fits."]]}}');
INSERT INTO "recipes" VALUES(2,X'9A6919A54E9A55FE803B5425A16DC49881AFD2DA4DCA505A6E3D580CF9E2299B','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"rule":"openai-tile","size":"standard","version":1},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"labels":[["stamp",null],["logo",null],["seal",null]],"max":2,"tag":"Which of these labels apply to the page?"}}');
INSERT INTO "recipes" VALUES(3,X'327A0D251096237E751F0DC0BE786174B69D5C617626853BDB344E72E7346FDD','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"rule":"openai-tile","size":"standard","version":1},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"extract":"Fill in what the page shows.","schema":{"additionalProperties":false,"properties":{"amount":{"type":["number","null"]},"count":{"type":"integer"},"due":{"format":"date","type":["string","null"]},"names":{"items":{"type":"string"},"type":["array","null"]},"paid":{"type":["boolean","null"]}},"required":["count","amount","due","paid","names"],"type":"object"}}}');
INSERT INTO "recipes" VALUES(4,X'42CFEEC1CF5D9EDC7CD63DEBD5A2D08DC325870ABB8EC2A32A9D80F8225E65BA','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"rule":"openai-tile","size":"standard","version":1},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"question":"Is it signed?","required":false,"type":{"type":"boolean"}}}');
INSERT INTO "recipes" VALUES(5,X'901C5AFBCF0F1F174A2007681FC629A04C3A7220333AB94D5FBF99545A59EF2B','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"rule":"openai-tile","size":"standard","version":1},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"question":"When was it issued?","required":false,"type":{"format":"date","type":"string"}}}');
INSERT INTO "recipes" VALUES(6,X'C3CC5653DD20F409E04DE8FAC5C8AA915FED38B0C18D5165F8342C73B3001A81','{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"rule":"openai-tile","size":"standard","version":1},"prompt":1,"provider":"stored","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"question":"Which share is covered?","required":false,"type":{"type":"number"}}}');
CREATE TABLE requests (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, page_id INTEGER NOT NULL, set_id INTEGER NOT NULL);
INSERT INTO "requests" VALUES(1,1,1,1);
INSERT INTO "requests" VALUES(2,1,4,1);
INSERT INTO "requests" VALUES(3,1,5,1);
INSERT INTO "requests" VALUES(4,1,6,1);
INSERT INTO "requests" VALUES(5,1,7,1);
INSERT INTO "requests" VALUES(6,1,8,1);
INSERT INTO "requests" VALUES(7,1,9,1);
INSERT INTO "requests" VALUES(8,2,10,1);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, job_id INTEGER NOT NULL, set_id INTEGER NOT NULL, model TEXT NOT NULL,
  tasks TEXT NOT NULL, started_at INTEGER NOT NULL, heartbeat INTEGER NOT NULL, first_attempt INTEGER NOT NULL, ended_at INTEGER, outcome TEXT, exit_code INTEGER, pages TEXT);
INSERT INTO "runs" VALUES(1,'20261126T013818-419076',1,1,'openai/gpt-4o-mini','[["kind",1],["marks",2],["total",3],["signed",4],["issued",5],["share",6]]',1795657098464,1795657099134,1,1795657099134,'complete',0,'[[10,5,1,2,2,0,0],18276400000]');
INSERT INTO "runs" VALUES(2,'20261126T013819-8e0cd9',1,1,'openai/gpt-4o-mini','[["kind",1],["marks",2],["total",3],["signed",4],["issued",5],["share",6]]',1795657099391,1795657099391,11,NULL,NULL,NULL,NULL);
CREATE INDEX entries_by_content ON entries (job_id, content, path);
CREATE INDEX runs_by_job ON runs (job_id, id);
CREATE INDEX requests_by_page ON requests (page_id);
CREATE INDEX attempts_by_request ON attempts (request_id);
COMMIT;
