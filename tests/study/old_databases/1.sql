BEGIN TRANSACTION;
CREATE TABLE failures (
	shard INTEGER, 
	sha256 VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	page INTEGER, 
	stage VARCHAR NOT NULL, 
	error VARCHAR NOT NULL
);
INSERT INTO "failures" VALUES(0,'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','/papers/empty.txt',NULL,'read','the file is empty');
INSERT INTO "failures" VALUES(NULL,'','/papers/gone.txt',NULL,'add','No such file or directory');
CREATE TABLE hits (
	id VARCHAR NOT NULL, 
	paper VARCHAR NOT NULL, 
	shard INTEGER NOT NULL, 
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
	PRIMARY KEY (id)
);
INSERT INTO "hits" VALUES('b2b54273f54d67b0','9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5',0,1,7,45,'1.2 供心切取 供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。','1.2供心切取供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。','心脏移植1例1.2供心切取供体确认脑死亡后行气管插管,接呼吸机,正中开胸,切取供心。','1.2供心切取供体确认脑死亡后行气管插管','declaration(donor) "确认脑死亡" -> intubation(donor) "气管插管" 2 characters later; no ventilation before; criterion A','brain-death 0.2.0 8d6437f33c0c','[]','[{"kind": "procurement", "actor": "donor", "polarity": "reported", "text": "供心切取", "page": 1, "start": 11, "end": 15}, {"kind": "donor", "actor": "donor", "polarity": "reported", "text": "供体", "page": 1, "start": 16, "end": 18}, {"kind": "declaration", "actor": "donor", "polarity": "reported", "text": "确认脑死亡", "page": 1, "start": 18, "end": 23}, {"kind": "intubation", "actor": "donor", "polarity": "reported", "text": "气管插管", "page": 1, "start": 25, "end": 29}, {"kind": "ventilation", "actor": "donor", "polarity": "reported", "text": "呼吸机", "page": 1, "start": 31, "end": 34}, {"kind": "incision", "actor": "donor", "polarity": "reported", "text": "正中开胸", "page": 1, "start": 35, "end": 39}, {"kind": "procurement", "actor": "donor", "polarity": "reported", "text": "切取供心", "page": 1, "start": 40, "end": 44}]','["A", "B"]','[]','[{"rule": "A-declared-then-tube", "distance": 0.0}, {"rule": "A-declared-tube-further", "distance": 0.0}, {"rule": "B-tube-then-opened", "distance": 0.0}, {"rule": "B-tube-then-procurement", "distance": 0.0}, {"rule": "D-declared-then-ventilation", "distance": 0.0}, {"rule": "D-operation-then-ventilation", "distance": 0.0}, {"rule": "D-ventilation-for-procurement", "distance": 0.0}, {"rule": "L-declared-ventilation", "distance": 0.0}, {"rule": "L-donor-airway", "distance": 0.0}]',0.9999,2);
INSERT INTO "hits" VALUES('d012117c36446385','34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8',0,1,7,34,'1.1 供体 供体脑死亡后迅速建立人工呼吸,维持循环。','1.1供体供体脑死亡后迅速建立人工呼吸,维持循环。','肺移植的护理1.1供体供体脑死亡后迅速建立人工呼吸,维持循环。','1.1供体供体脑死亡后迅速建立人工呼吸','brain_death(donor) "脑死亡" -> ventilation(donor) "建立人工呼吸" 3 characters later; no ventilation before; criterion D','brain-death 0.2.0 8d6437f33c0c','[]','[{"kind": "donor", "actor": "donor", "polarity": "reported", "text": "供体", "page": 1, "start": 11, "end": 13}, {"kind": "donor", "actor": "donor", "polarity": "reported", "text": "供体", "page": 1, "start": 14, "end": 16}, {"kind": "brain_death", "actor": "donor", "polarity": "reported", "text": "脑死亡", "page": 1, "start": 16, "end": 19}, {"kind": "ventilation", "actor": "donor", "polarity": "reported", "text": "建立人工呼吸", "page": 1, "start": 22, "end": 28}]','["D"]','[]','[{"rule": "D-declared-then-ventilation", "distance": 0.0}, {"rule": "L-declared-ventilation", "distance": 0.0}, {"rule": "P-D-1", "distance": 0.0}]',0.55,1);
CREATE TABLE loaded (
	shard INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	PRIMARY KEY (shard)
);
INSERT INTO "loaded" VALUES(-1,'872cf8236c5f061d691c5e76baf82a583fa0ddfdabee87745d89d033327ad7be');
INSERT INTO "loaded" VALUES(0,'9211cf7c1c89cbe77f4cd5e3c74a420e26a188411338a833023b0d9593adca88');
CREATE TABLE meta (
	schema INTEGER NOT NULL, 
	PRIMARY KEY (schema)
);
INSERT INTO "meta" VALUES(1);
CREATE TABLE papers (
	sha256 VARCHAR NOT NULL, 
	file VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	media_type VARCHAR NOT NULL, 
	shard INTEGER NOT NULL, 
	status VARCHAR NOT NULL, 
	pages INTEGER NOT NULL, 
	unread_pages INTEGER NOT NULL, 
	PRIMARY KEY (sha256)
);
INSERT INTO "papers" VALUES('9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5','copy.txt',116,'text/plain',0,'screened',1,0);
INSERT INTO "papers" VALUES('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','empty.txt',0,'text/plain',0,'unreadable',0,0);
INSERT INTO "papers" VALUES('1781e1d1d5097bd933c36b02113da27cf70d38eb33af3ed5dfa1af86ab0bd591','none0.txt',69,'text/plain',0,'screened',1,0);
INSERT INTO "papers" VALUES('0feb810dc46fe26bf5f508b1cff4e8cfd835465b2870307d2277b5c842409fff','none1.txt',69,'text/plain',0,'screened',1,0);
INSERT INTO "papers" VALUES('ec82f17b1fd52eb9fd60fc8eb4e722802001d7c8ee596c7e64d850887a53d0ed','none2.txt',69,'text/plain',0,'screened',1,0);
INSERT INTO "papers" VALUES('e2c5c19c0daa42769f9da556b34340e95fdcdf9e68b29ad3bae3d3528db54240','none3.txt',69,'text/plain',0,'screened',1,0);
INSERT INTO "papers" VALUES('34935440a410f62d64fca034556830cff1a127deec890b5d87278a44148b9ec8','sub/second.txt',89,'text/plain',0,'screened',1,0);
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
CREATE TABLE records (
	file VARCHAR NOT NULL, 
	sha256 VARCHAR, 
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
	PRIMARY KEY (file)
);
INSERT INTO "records" VALUES('telling.txt','9f3e493d9cf0651287d72d15d776e3985fad509f321453e8c2cea6bc8df335e5','心脏移植1例','甲; 乙','','',1998,'','','','','','','','');
INSERT INTO "records" VALUES('elsewhere.txt',NULL,'O''Neill; "quoted"','','','',NULL,'','','','','','','','');
CREATE INDEX ix_papers_shard ON papers (shard);
CREATE INDEX ix_records_sha256 ON records (sha256);
CREATE INDEX ix_failures_shard ON failures (shard);
CREATE INDEX ix_hits_paper ON hits (paper);
CREATE INDEX ix_hits_score ON hits (score);
CREATE INDEX ix_hits_shard ON hits (shard);
COMMIT;
