BEGIN TRANSACTION;
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE copies (
	paper VARCHAR NOT NULL, 
	original VARCHAR NOT NULL, 
	similarity FLOAT NOT NULL, 
	reason VARCHAR NOT NULL, 
	PRIMARY KEY (paper)
);
CREATE TABLE drawn (
	sample INTEGER NOT NULL, 
	id VARCHAR NOT NULL, 
	paper VARCHAR NOT NULL, 
	page INTEGER NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	quote VARCHAR NOT NULL, 
	passage VARCHAR NOT NULL, 
	context VARCHAR NOT NULL, 
	section VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	pack VARCHAR NOT NULL, 
	continued JSON NOT NULL, 
	events JSON NOT NULL, 
	criteria JSON NOT NULL, 
	mitigating JSON NOT NULL, 
	matches JSON NOT NULL, 
	score FLOAT NOT NULL, 
	code INTEGER NOT NULL, 
	published_flagged BOOLEAN, 
	published_distance FLOAT, 
	published_target VARCHAR, neighbour BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (sample, id)
);
INSERT INTO "drawn" VALUES(1,'c5d1290696992f9b','1781e1d1d5097bd933c36b02113da27cf70d38eb33af3ed5dfa1af86ab0bd591',1,0,26,'第0例 受者全麻气管插管后行心脏移植,术后0d拔管。','第0例受者全麻气管插管后行心脏移植,术后0d拔管。','第0例受者全麻气管插管后行心脏移植,术后0d拔管。','','no rule is met by intubation(recipient) "气管插管", extubation(recipient) "拔管"','brain-death 0.2.1 32390071cb96','[]','[{"kind": "intubation", "actor": "recipient", "polarity": "reported", "text": "气管插管", "page": 1, "start": 8, "end": 12}, {"kind": "extubation", "actor": "recipient", "polarity": "reported", "text": "拔管", "page": 1, "start": 23, "end": 25}]','[]','[]','[]',0.0,0,NULL,NULL,NULL,0);
INSERT INTO "drawn" VALUES(1,'8323c5c2662e345a','e2c5c19c0daa42769f9da556b34340e95fdcdf9e68b29ad3bae3d3528db54240',1,0,26,'第3例 受者全麻气管插管后行心脏移植,术后3d拔管。','第3例受者全麻气管插管后行心脏移植,术后3d拔管。','第3例受者全麻气管插管后行心脏移植,术后3d拔管。','','no rule is met by intubation(recipient) "气管插管", extubation(recipient) "拔管"','brain-death 0.2.1 32390071cb96','[]','[{"kind": "intubation", "actor": "recipient", "polarity": "reported", "text": "气管插管", "page": 1, "start": 8, "end": 12}, {"kind": "extubation", "actor": "recipient", "polarity": "reported", "text": "拔管", "page": 1, "start": 23, "end": 25}]','[]','[]','[]',0.0,0,NULL,NULL,NULL,0);
CREATE TABLE exclusions (
	subject VARCHAR NOT NULL, 
	paper VARCHAR, 
	record INTEGER, 
	rule VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	PRIMARY KEY (subject)
);
CREATE TABLE failures (
	shard INTEGER, 
	sha256 VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	page INTEGER, 
	stage VARCHAR NOT NULL, 
	error VARCHAR NOT NULL
);
INSERT INTO "failures" VALUES(0,'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','/papers/empty.txt',NULL,'read','the file is empty');
CREATE TABLE hits (
	id VARCHAR NOT NULL, 
	shard INTEGER NOT NULL, 
	paper VARCHAR NOT NULL, 
	page INTEGER NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	quote VARCHAR NOT NULL, 
	passage VARCHAR NOT NULL, 
	context VARCHAR NOT NULL, 
	section VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	pack VARCHAR NOT NULL, 
	continued JSON NOT NULL, 
	events JSON NOT NULL, 
	criteria JSON NOT NULL, 
	mitigating JSON NOT NULL, 
	matches JSON NOT NULL, 
	score FLOAT NOT NULL, 
	code INTEGER NOT NULL, 
	published_flagged BOOLEAN, 
	published_distance FLOAT, 
	published_target VARCHAR, neighbour BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "hits" VALUES('b2b54273f54d67b0',0,'9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5',1,7,45,'1.2 供心切取 供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。','1.2供心切取供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。','心脏移植1例1.2供心切取供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。','1.2供心切取供体确认脑死亡后行气管插管','declaration(donor) "确认脑死亡" -> intubation(donor) "气管插管" 2 characters later; no ventilation before; criterion A | intubation(donor) "气管插管" -> incision(donor) "正中开胸" 6 characters later; no ventilation before; criterion B','brain-death 0.2.2 9b6728162e60','[]','[{"kind": "procurement", "actor": "donor", "polarity": "reported", "text": "供心切取", "page": 1, "start": 11, "end": 15}, {"kind": "donor", "actor": "donor", "polarity": "reported", "text": "供体", "page": 1, "start": 16, "end": 18}, {"kind": "declaration", "actor": "donor", "polarity": "reported", "text": "确认脑死亡", "page": 1, "start": 18, "end": 23}, {"kind": "intubation", "actor": "donor", "polarity": "reported", "text": "气管插管", "page": 1, "start": 25, "end": 29}, {"kind": "ventilation", "actor": "donor", "polarity": "reported", "text": "呼吸机", "page": 1, "start": 31, "end": 34}, {"kind": "incision", "actor": "donor", "polarity": "reported", "text": "正中开胸", "page": 1, "start": 35, "end": 39}, {"kind": "procurement", "actor": "donor", "polarity": "reported", "text": "切取供心", "page": 1, "start": 40, "end": 44}]','["A", "B"]','[]','[{"rule": "A-declared-then-tube", "distance": 0.0}, {"rule": "A-declared-tube-further", "distance": 0.0}, {"rule": "B-tube-then-opened", "distance": 0.0}, {"rule": "B-tube-then-procurement", "distance": 0.0}, {"rule": "D-declared-then-ventilation", "distance": 0.0}, {"rule": "D-operation-then-ventilation", "distance": 0.0}, {"rule": "D-ventilation-for-procurement", "distance": 0.0}, {"rule": "L-declared-ventilation", "distance": 0.0}, {"rule": "L-donor-airway", "distance": 0.0}]',0.9999,2,NULL,NULL,NULL,0);
INSERT INTO "hits" VALUES('d012117c36446385',0,'34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8',1,7,34,'1.1 供体 供体脑死亡后迅速建立人工呼吸,维持循环。','1.1供体供体脑死亡后迅速建立人工呼吸,维持循环。','肺移植的护理1.1供体供体脑死亡后迅速建立人工呼吸,维持循环。','1.1供体供体脑死亡后迅速建立人工呼吸','brain_death(donor) "脑死亡" -> ventilation(donor) "建立人工呼吸" 3 characters later; no ventilation before; criterion D','brain-death 0.2.2 9b6728162e60','[]','[{"kind": "donor", "actor": "donor", "polarity": "reported", "text": "供体", "page": 1, "start": 11, "end": 13}, {"kind": "donor", "actor": "donor", "polarity": "reported", "text": "供体", "page": 1, "start": 14, "end": 16}, {"kind": "brain_death", "actor": "donor", "polarity": "reported", "text": "脑死亡", "page": 1, "start": 16, "end": 19}, {"kind": "ventilation", "actor": "donor", "polarity": "reported", "text": "建立人工呼吸", "page": 1, "start": 22, "end": 28}]','["D"]','[]','[{"rule": "D-declared-then-ventilation", "distance": 0.0}, {"rule": "L-declared-ventilation", "distance": 0.0}, {"rule": "P-D-1", "distance": 0.0}]',0.55,1,NULL,NULL,NULL,0);
CREATE TABLE leases (
	paper VARCHAR NOT NULL, 
	reviewer VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	expires FLOAT NOT NULL, 
	PRIMARY KEY (paper, reviewer, round)
);
CREATE TABLE loaded (
	shard INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	PRIMARY KEY (shard)
);
INSERT INTO "loaded" VALUES(-3,'18cdfad77292b4c6c424c16a5400bcdf664278221af195b8142905a84f345fb6');
INSERT INTO "loaded" VALUES(-2,'{"state": "5df76515e03613051a0fc9f86dd78377f3370ecda4f559d5bd8f4edf587ff38a", "undecided": 0, "by_rule": {}}');
INSERT INTO "loaded" VALUES(-1,'9089e2ca7ee59b52070d9b73eafe0d4b0d6ef6d303d6b29bf6e88f71545ffddf');
INSERT INTO "loaded" VALUES(0,'3b79791856fffd3cf2ebf1c35d2687e579b658074170f9784f04425e9c119b1d');
CREATE TABLE orders (
	number INTEGER NOT NULL, 
	model VARCHAR, 
	learned_from INTEGER NOT NULL, 
	strategy VARCHAR NOT NULL, 
	ready BOOLEAN NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "orders" VALUES(3,'brain-death 48a19c04b284',0,'certainty',1);
CREATE TABLE papers (
	sha256 VARCHAR NOT NULL, 
	file VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	media_type VARCHAR NOT NULL, 
	shard INTEGER NOT NULL, 
	status VARCHAR NOT NULL, 
	pages INTEGER NOT NULL, 
	unread_pages INTEGER NOT NULL, 
	published_flagged BOOLEAN, 
	published_distance FLOAT, 
	published_target VARCHAR, methods JSON DEFAULT '{}' NOT NULL, 
	PRIMARY KEY (sha256)
);
INSERT INTO "papers" VALUES('9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5','copy.txt',116,'text/plain',0,'screened',1,0,NULL,NULL,NULL,'{"text": 1}');
INSERT INTO "papers" VALUES('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','empty.txt',0,'text/plain',0,'unreadable',0,0,NULL,NULL,NULL,'{}');
INSERT INTO "papers" VALUES('1781e1d1d5097bd933c36b02113da27cf70d38eb33af3ed5dfa1af86ab0bd591','none0.txt',69,'text/plain',0,'screened',1,0,NULL,NULL,NULL,'{"text": 1}');
INSERT INTO "papers" VALUES('0feb810dc46fe26bf5f508b1cff4e8cfd835465b2870307d2277b5c842409fff','none1.txt',69,'text/plain',0,'screened',1,0,NULL,NULL,NULL,'{"text": 1}');
INSERT INTO "papers" VALUES('ec82f17b1fd52eb9fd60fc8eb4e722802001d7c8ee596c7e64d850887a53d0ed','none2.txt',69,'text/plain',0,'screened',1,0,NULL,NULL,NULL,'{"text": 1}');
INSERT INTO "papers" VALUES('e2c5c19c0daa42769f9da556b34340e95fdcdf9e68b29ad3bae3d3528db54240','none3.txt',69,'text/plain',0,'screened',1,0,NULL,NULL,NULL,'{"text": 1}');
INSERT INTO "papers" VALUES('34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8','sub/second.txt',89,'text/plain',0,'screened',1,0,NULL,NULL,NULL,'{"text": 1}');
CREATE TABLE paths (
	path VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	PRIMARY KEY (path, sha256)
);
INSERT INTO "paths" VALUES('/papers/copy.txt','9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5');
INSERT INTO "paths" VALUES('/papers/telling.txt','9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5');
INSERT INTO "paths" VALUES('/papers/empty.txt','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
INSERT INTO "paths" VALUES('/papers/none0.txt','1781e1d1d5097bd933c36b02113da27cf70d38eb33af3ed5dfa1af86ab0bd591');
INSERT INTO "paths" VALUES('/papers/none1.txt','0feb810dc46fe26bf5f508b1cff4e8cfd835465b2870307d2277b5c842409fff');
INSERT INTO "paths" VALUES('/papers/none2.txt','ec82f17b1fd52eb9fd60fc8eb4e722802001d7c8ee596c7e64d850887a53d0ed');
INSERT INTO "paths" VALUES('/papers/none3.txt','e2c5c19c0daa42769f9da556b34340e95fdcdf9e68b29ad3bae3d3528db54240');
INSERT INTO "paths" VALUES('/papers/sub/second.txt','34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8');
CREATE TABLE ranks (
	"order" INTEGER NOT NULL, 
	hit VARCHAR NOT NULL, 
	place INTEGER NOT NULL, 
	problematic FLOAT, 
	possible FLOAT, 
	PRIMARY KEY ("order", hit)
);
INSERT INTO "ranks" VALUES(3,'b2b54273f54d67b0',0,9.99850930384762803804e-01,0.999990900503552);
INSERT INTO "ranks" VALUES(3,'d012117c36446385',1,2.89160563176170794328e-04,9.99553442950684267742e-01);
INSERT INTO "ranks" VALUES(3,'c5d1290696992f9b',2,1.1617537739816359045e-03,1.66986274915778250618e-03);
INSERT INTO "ranks" VALUES(3,'8323c5c2662e345a',3,0.000954571749005414,1.30565604632492922657e-03);
CREATE TABLE records (
	number INTEGER NOT NULL, 
	file VARCHAR NOT NULL, 
	sha256 VARCHAR, 
	matched VARCHAR, 
	title VARCHAR NOT NULL, 
	authors VARCHAR NOT NULL, 
	affiliations VARCHAR NOT NULL, 
	journal VARCHAR NOT NULL, 
	year INTEGER, 
	volume VARCHAR NOT NULL, 
	issue VARCHAR NOT NULL, 
	pages VARCHAR NOT NULL, 
	doi VARCHAR NOT NULL, 
	abstract VARCHAR NOT NULL, 
	keywords VARCHAR NOT NULL, 
	"database" VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "records" VALUES(1,'telling.txt','9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5','file','心脏移植1例','甲; 乙','','',1998,'','','','','','','','');
INSERT INTO "records" VALUES(2,'elsewhere.txt',NULL,NULL,'O''Neill; "quoted"','','','',NULL,'','','','','','','','');
CREATE TABLE reveals (
	hit VARCHAR NOT NULL, 
	reviewer VARCHAR NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (hit, reviewer)
);
CREATE TABLE reviewers (
	name VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	password VARCHAR NOT NULL, 
	added_at VARCHAR NOT NULL, 
	closed_at VARCHAR, 
	PRIMARY KEY (name)
);
INSERT INTO "reviewers" VALUES('AB','reviewer','$argon2id$v=19$m=65536,t=3,p=4$RD+h6WrEP6JLOQbrCf2QmQ$MYRgPdUicjMKLdTmX6rz/vKZLEnKSAh5TDF/35MGDH4','2026-11-22T23:01:27+00:00',NULL);
INSERT INTO "reviewers" VALUES('EF','adjudicator','$argon2id$v=19$m=65536,t=3,p=4$bSI//ludPMgtoZMtAJ/oXg$XBrMoknqalDLaGZbNkjzNpSchpfnzUFIKfF423shwL0','2026-11-22T23:01:28+00:00',NULL);
CREATE TABLE samples (
	number INTEGER NOT NULL, 
	drawn_at VARCHAR NOT NULL, 
	seed INTEGER NOT NULL, 
	population INTEGER NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "samples" VALUES(1,'2026-11-22T16:17:25+00:00',3,4);
CREATE TABLE sessions (
	token VARCHAR NOT NULL, 
	reviewer VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	csrf VARCHAR NOT NULL, 
	began FLOAT NOT NULL, 
	seen FLOAT NOT NULL, 
	PRIMARY KEY (token)
);
CREATE TABLE skips (
	paper VARCHAR NOT NULL, 
	reviewer VARCHAR NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (paper, reviewer)
);
CREATE TABLE tallies (
	paper VARCHAR NOT NULL, 
	hit VARCHAR NOT NULL, 
	judged INTEGER NOT NULL, 
	round INTEGER NOT NULL, 
	disputed BOOLEAN NOT NULL, 
	PRIMARY KEY (paper, hit)
);
INSERT INTO "tallies" VALUES('9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5','b2b54273f54d67b0',2,1,1);
INSERT INTO "tallies" VALUES('0feb810dc46fe26bf5f508b1cff4e8cfd835465b2870307d2277b5c842409fff','',1,1,0);
INSERT INTO "tallies" VALUES('34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8','d012117c36446385',2,2,0);
CREATE TABLE tries (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE verdicts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	hit VARCHAR, 
	paper VARCHAR NOT NULL, 
	reviewer VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	code INTEGER, 
	criteria JSON NOT NULL, 
	reason VARCHAR NOT NULL, 
	note VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	supersedes INTEGER, 
	pack VARCHAR, 
	model VARCHAR, 
	"order" INTEGER
, mitigating BOOLEAN DEFAULT 0 NOT NULL, blind BOOLEAN DEFAULT 0 NOT NULL, withdrawn BOOLEAN DEFAULT 0 NOT NULL, "key" VARCHAR);
INSERT INTO "verdicts" VALUES(1,'b2b54273f54d67b0','9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5','AB',1,2,'["A"]','','','2026-11-22T16:17:29+00:00',NULL,'brain-death 0.2.1 32390071cb96','brain-death 48a19c04b284',2,0,0,0,NULL);
INSERT INTO "verdicts" VALUES(2,NULL,'0feb810dc46fe26bf5f508b1cff4e8cfd835465b2870307d2277b5c842409fff','AB',1,NULL,'[]','living_donor','','2026-11-22T16:17:29+00:00',NULL,NULL,NULL,2,0,0,0,NULL);
INSERT INTO "verdicts" VALUES(3,'d012117c36446385','34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8','AB',1,1,'[]','','呼吸机?','2026-11-22T16:17:29+00:00',NULL,'brain-death 0.2.1 32390071cb96','brain-death 48a19c04b284',2,0,0,0,NULL);
INSERT INTO "verdicts" VALUES(4,'b2b54273f54d67b0','9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5','AB',1,1,'[]','','on second thoughts','2026-11-22T16:17:31+00:00',1,'brain-death 0.2.1 32390071cb96','brain-death 48a19c04b284',2,0,0,0,NULL);
INSERT INTO "verdicts" VALUES(5,'b2b54273f54d67b0','9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5','CD',1,2,'[]','','','2026-11-22T16:17:32+00:00',NULL,'brain-death 0.2.1 32390071cb96','brain-death 48a19c04b284',2,0,0,0,NULL);
INSERT INTO "verdicts" VALUES(6,'d012117c36446385','34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8','CD',1,0,'[]','','','2026-11-22T16:17:32+00:00',NULL,'brain-death 0.2.1 32390071cb96','brain-death 48a19c04b284',2,0,0,0,NULL);
INSERT INTO "verdicts" VALUES(7,'d012117c36446385','34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8','EF',2,2,'[]','','','2026-11-22T16:17:33+00:00',NULL,'brain-death 0.2.1 32390071cb96','brain-death 48a19c04b284',2,0,0,0,NULL);
CREATE INDEX ix_papers_shard ON papers (shard);
CREATE INDEX ix_failures_shard ON failures (shard);
CREATE INDEX ix_hits_shard ON hits (shard);
CREATE INDEX ix_hits_paper ON hits (paper);
CREATE INDEX ix_hits_score ON hits (score);
CREATE INDEX ix_drawn_paper ON drawn (paper);
CREATE INDEX ix_drawn_score ON drawn (score);
CREATE INDEX ix_verdicts_paper ON verdicts (paper);
CREATE INDEX ix_verdicts_hit ON verdicts (hit);
CREATE TRIGGER verdicts_update BEFORE UPDATE ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts are never changed or deleted'); END;
CREATE TRIGGER verdicts_delete BEFORE DELETE ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts are never changed or deleted'); END;
CREATE UNIQUE INDEX ix_verdicts_key ON verdicts ("key");
CREATE INDEX ix_verdicts_reviewer ON verdicts (reviewer);
CREATE INDEX ix_verdicts_supersedes ON verdicts (supersedes);
CREATE TRIGGER verdicts_insert BEFORE INSERT ON verdicts WHEN EXISTS (SELECT 1 FROM verdicts WHERE id = NEW.id OR key = NEW.key) BEGIN SELECT RAISE(ABORT, 'verdicts are never changed or deleted'); END;
CREATE INDEX ix_ranks_place ON ranks ("order", place);
CREATE INDEX ix_tallies_hit ON tallies (hit);
CREATE INDEX ix_tallies_disputed ON tallies (disputed);
CREATE INDEX ix_tries_at ON tries (at);
CREATE INDEX ix_records_sha256 ON records (sha256);
CREATE INDEX ix_copies_original ON copies (original);
CREATE INDEX ix_exclusions_record ON exclusions (record);
CREATE INDEX ix_exclusions_paper ON exclusions (paper);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('verdicts',7);
COMMIT;
